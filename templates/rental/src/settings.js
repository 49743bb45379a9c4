/** What the process is told through its environment. Nothing else is read anywhere. */

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {{host: string, port: number, region: string, primaryUrl: string, replicaUrl: string, project: string,
 *   emulatorHost?: string, channelLatency: number, topic: (queue: string) => string, subscription: (queue: string) => string}}
 */
export function readSettings(env) {
  const need = (name) => {
    if (env[name]) return env[name]
    throw new Error(`The environment variable ${name} is missing.`)
  }
  const queueVariable = (queue, what) => need(`QUEUE_${queue.toUpperCase().replaceAll('-', '_')}_${what}`)
  const primaryUrl = need('DATABASE_URL')
  return {
    port: Number(env.PORT ?? 8080),
    host: env.HOST ?? '0.0.0.0',
    region: env.HA_REGION ?? 'unknown',
    primaryUrl,
    replicaUrl: env.DATABASE_REPLICA_URL ?? primaryUrl,
    project: env.GOOGLE_CLOUD_PROJECT ?? '',
    emulatorHost: env.PUBSUB_EMULATOR_HOST,
    // Milliseconds that telling a channel of a booking takes; stands for the slow call to somebody else's API.
    channelLatency: Number(env.CHANNEL_LATENCY_MS ?? 0),
    topic: (queue) => queueVariable(queue, 'TOPIC'),
    subscription: (queue) => queueVariable(queue, 'SUBSCRIPTION'),
  }
}
