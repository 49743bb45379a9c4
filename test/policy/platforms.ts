/** Every platform the policies are held against: template × preset × number of regions, all on Google Cloud. */
import {readFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'
import {parseDocument} from 'yaml'
import type {Config, Preset} from '../../src/config/config.ts'
import {parseConfig} from '../../src/config/parse.ts'

export const TEMPLATES = ['minimal', 'rental', 'everything'] as const
export const PRESETS: readonly Preset[] = ['dev', 'standard', 'critical']
export const REGIONS = ['us-east1', 'europe-west1', 'asia-southeast1', 'us-west1', 'australia-southeast1'] as const

export type Template = (typeof TEMPLATES)[number]

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`

/** The template's ha.yaml as somebody would make it fit `preset` on Google Cloud in the first `count` regions. */
export function configOf(template: Template, preset: Preset, count: number): Config {
  const file = template === 'everything' ? 'rental' : template
  const text = readFileSync(fileURLToPath(new URL(`../../templates/${file}/ha.yaml`, import.meta.url)), 'utf8')
  const document = parseDocument(text, {merge: true})
  const plain = document.toJS() as {
    services: Record<string, {image: string; paths?: string[]}>
    queues?: Record<string, unknown>
    secrets?: string[]
    objectives?: {availability?: string}
  }
  for (const service of Object.values(plain.services)) service.image = `${service.image.split('@')[0]}@${DIGEST}`
  // What dev is built of cannot be promised more.
  if (preset === 'dev') delete plain.objectives
  if (template === 'everything') {
    const {api} = plain.services
    plain.services.admin = {...api!, paths: ['/admin', '/reports']}
    plain.secrets = ['STRIPE_KEY', 'MAIL_TOKEN']
  }
  const production = {
    target: 'gcp',
    project: 'policy-test',
    state: 'gs://policy-test-ha',
    alerts: ['oncall@example.com'],
    domain: 'api.example.com',
    ...(preset === 'critical' && {metrics: {image: `example.test/adapter@${DIGEST}`}}),
    observer: {image: `example.test/ha-observer@${DIGEST}`},
  }
  const settings = {...plain, preset, regions: REGIONS.slice(0, count), environments: {production}}
  const parsed = parseConfig(JSON.stringify(settings), {file: 'ha.yaml', baseDir: '/app', environment: 'production'})
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems, undefined, 1))
  return parsed.config
}
