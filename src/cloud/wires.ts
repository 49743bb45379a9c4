/** Where Google's APIs are: Google's own hosts, or one emulator that serves them all. Nothing else differs between targets. */
export type Api =
  | 'sqladmin'
  | 'compute'
  | 'container'
  | 'secretmanager'
  | 'monitoring'
  | 'storage'
  | 'cloudkms'
  | 'serviceusage'
  | 'cloudresourcemanager'
  | 'cloudbilling'
  | 'dns'
  | 'pubsub'

export interface Wires {
  /** Base URL of an API, without a trailing slash. */
  base(api: Api): string
  /** Bearer token for Google; absent on the emulator. */
  readonly token?: () => Promise<string>
  /** E-mail address of whom the token speaks for; absent on the emulator, where anybody may do anything. */
  readonly caller?: () => Promise<string>
  /** Base URL of the emulator's own pages (`/emulator/v1/…`): which ports of this machine stand for Google's addresses. */
  readonly emulator?: string
}

/** Every API behind one address. */
export const emulatorWires = (googleapis: string): Wires => ({base: () => googleapis, emulator: googleapis})

/** Google's own hosts. */
export const googleWires = ({token, caller}: Required<Pick<Wires, 'token' | 'caller'>>): Wires => ({
  base: (api) => `https://${api}.googleapis.com`,
  token,
  caller,
})
