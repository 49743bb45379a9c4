/** Sending and receiving messages through Pub/Sub: at least once, in any order. */
import {randomUUID} from 'node:crypto'
import {setTimeout as sleep} from 'node:timers/promises'
import {call, connect} from './connect.js'

// Renewed while work goes on, so it only says how long the messages of a worker that was killed wait for the next one.
const ACK_SECONDS = 15
const RETRIES = 3

/** @param {{emulatorHost?: string, topic: (queue: string) => string}} options */
export function openPublisher({emulatorHost, topic}) {
  let client
  return {
    /** Resolves once Pub/Sub has stored the message. */
    async publish(queue, {key, payload}) {
      client ??= connect({emulatorHost}).publisher
      const message = {data: Buffer.from(JSON.stringify(payload)), attributes: {key}}
      await call(client, 'Publish', {topic: topic(queue), messages: [message]})
    },
    close: () => client?.close(),
  }
}

/**
 * Receives messages until stopped, at most `concurrency` at a time. `work` resolves: acknowledged. It rejects: given back, to be
 * delivered again after the queue's own back-off. Work longer than the ack deadline has its lease renewed.
 * @param {{emulatorHost?: string, subscription: string, work: (message: {key: string, payload: object}) => Promise<void>,
 *   log: object, concurrency?: number}} options
 */
export function startSubscriber({emulatorHost, subscription, work, log, concurrency = 8}) {
  const client = connect({emulatorHost}).subscriber
  const clientId = randomUUID()
  const inFlight = new Set()
  const stopping = new AbortController()
  let stream
  let failures = 0

  function open() {
    stream = client.StreamingPull()
    stream.on('data', ({receivedMessages}) => {
      failures = 0
      for (const received of receivedMessages) receive(received)
    })
    // Streams end now and then by design; what matters is that there is a next one.
    stream.on('error', (error) => {
      if (!stopping.signal.aborted && error.code !== 1)
        log.warn('The queue went away.', {subscription, error: error.details})
    })
    stream.on('status', reopen)
    stream.write({
      subscription,
      streamAckDeadlineSeconds: ACK_SECONDS,
      clientId,
      maxOutstandingMessages: String(concurrency),
    })
  }

  async function reopen() {
    const pause = Math.min(100 * 2 ** failures++, 10_000) * (0.5 + Math.random() / 2)
    await sleep(pause, undefined, {signal: stopping.signal}).catch(() => {})
    if (!stopping.signal.aborted) open()
  }

  function receive({ackId, message}) {
    const job = stopping.signal.aborted ? giveBack(ackId) : perform(ackId, message)
    inFlight.add(job)
    job.finally(() => inFlight.delete(job))
  }

  async function perform(ackId, {data, attributes}) {
    const renewal = setInterval(() => modify(ackId, ACK_SECONDS), (ACK_SECONDS / 2) * 1000)
    try {
      await work({key: attributes.key, payload: JSON.parse(data.toString())})
      await retried(() => call(client, 'Acknowledge', {subscription, ackIds: [ackId]}))
    } catch (error) {
      log.warn('A message is given back.', {key: attributes.key, error: error.message})
      await giveBack(ackId)
    } finally {
      clearInterval(renewal)
    }
  }

  const giveBack = (ackId) => modify(ackId, 0)

  /** A deadline that could not be changed runs out by itself: the message comes again, which work must bear anyway. */
  const modify = (ackId, seconds) =>
    call(client, 'ModifyAckDeadline', {subscription, ackIds: [ackId], ackDeadlineSeconds: seconds}).catch(() => {})

  open()
  return {
    /** Takes no more, gives back what arrives late, waits for what is being worked on. */
    async stop() {
      stopping.abort()
      stream.end()
      while (inFlight.size > 0) await Promise.all(inFlight)
      stream.cancel()
      client.close()
    },
  }
}

async function retried(attempt) {
  for (let count = 1; ; count++) {
    try {
      return await attempt()
    } catch (error) {
      if (count === RETRIES) throw error
      await sleep(200 * count)
    }
  }
}
