/** The agent of one region: asks its questions on a slow clock, and tells what it knows at any time without asking. */
import type {Clock} from '../clock.ts'
import type {CanaryFacts, Facts, LocalFacts, PeerFacts, PrimaryFacts} from '../facts.ts'
import {beat, look, openLine} from './database.ts'
import {type Memory, remember} from './known.ts'
import {BEAT_MS, lagOf} from './lag.ts'
import {watchCanary, watchPeer} from './probes.ts'
import type {Settings} from './settings.ts'

/** What is known of a peer's silence is this coarse, and so is the bound on a loss (src/operations/loss.ts). */
const PEER_MS = 2_000
/** As costly as a client is. */
const CANARY_MS = 5_000
/** Where there is no answer, or a server's fault: so that its end is known at once. */
const FAILING_CANARY_MS = 1_000

export interface Observer {
  facts(): Facts
  /** Ends the rounds and the connections. */
  stop(): Promise<void>
}

export function startObserver(settings: Settings, clock: Clock): Observer {
  const {region, primaryUrl, replicaUrl, frontDoor, canaries} = settings
  const started = clock.monotonic()
  const ending = new AbortController()
  const lines = {primary: openLine(primaryUrl), local: openLine(replicaUrl)}
  const primary = remember<PrimaryFacts>()
  const local = remember<LocalFacts>()
  const peers = settings.peers.map((peer) => watchPeer(clock, peer))
  let sung = 0
  const id = () => `ha-canary-${region}-${clock.now()}-${sung++}`
  const watch = (canary: Settings['canaries']['read']) =>
    frontDoor !== undefined && canary ? watchCanary(clock, frontDoor, canary, id) : undefined
  const birds = {read: watch(canaries.read), write: watch(canaries.write)}

  /** Each on a clock of its own, so that one that hangs holds up no other. The pace is from end to start: nothing piles up. */
  async function repeat<T>(pause: (result: T) => number, work: () => Promise<T>): Promise<void> {
    while (!ending.signal.aborted) {
      const result = await work()
      await clock.sleep(pause(result), ending.signal).catch(() => {})
    }
  }
  const every = (ms: number) => () => ms
  const canaryPace = (isAnswered: boolean) => (isAnswered ? CANARY_MS : FAILING_CANARY_MS)
  const learn = async <T>(memory: Memory<T>, ask: () => Promise<T>) => {
    try {
      memory.learn(await ask(), clock.monotonic())
    } catch (error) {
      memory.fail(error, clock.monotonic())
    }
  }
  const rounds = [
    repeat(every(BEAT_MS), () => learn(primary, () => lines.primary.run((client) => beat(client, region)))),
    repeat(every(BEAT_MS), () => learn(local, () => lines.local.run(look))),
    ...peers.map(({probe}) => repeat(every(PEER_MS), probe)),
    ...[birds.read, birds.write].flatMap((bird) => (bird ? [repeat(canaryPace, bird.probe)] : [])),
  ]

  return {
    facts() {
      const now = clock.monotonic()
      const known = {primary: primary.tell(now), local: local.tell(now)}
      const lag = lagOf(known.primary, known.local)
      return {
        version: 1,
        region,
        at: new Date(clock.now()).toISOString(),
        upMs: Math.round(now - started),
        ...known,
        ...(lag && {lag}),
        peers: peers.map((peer) => peer.tell()).filter((facts): facts is PeerFacts => facts !== undefined),
        canaries: tellBirds(birds.read?.tell(), birds.write?.tell()),
      }
    },
    async stop() {
      ending.abort()
      await Promise.all(rounds)
      lines.primary.close()
      lines.local.close()
    },
  }
}

const tellBirds = (read: CanaryFacts | undefined, write: CanaryFacts | undefined) => ({
  ...(read && {read}),
  ...(write && {write}),
})
