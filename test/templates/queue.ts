export interface Message {
  readonly key: string
  readonly payload: object
}

/** A queue in this process: delivers what was published, again and again until the work is done, twice when told to. */
export function fakeQueue() {
  const published: (Message & {queue: string})[] = []
  const workers = new Map<string, (message: Message) => Promise<void>>()
  const state = {isDown: false, copies: 1}
  return {
    published,
    state,
    subscribe: (queue: string, work: (message: Message) => Promise<void>) => workers.set(queue, work),
    async publish(queue: string, message: Message) {
      if (state.isDown) throw new Error('The queue is down.')
      published.push({queue, ...message})
      // As through a wire: nobody shares an object with anybody.
      const copy: Message = JSON.parse(JSON.stringify(message))
      for (let i = 0; i < state.copies; i++) void deliver(queue, copy)
    },
  }

  async function deliver(queue: string, message: Message): Promise<void> {
    for (let attempt = 0; attempt < 20; attempt++) {
      try {
        return await workers.get(queue)?.(message)
      } catch {
        await new Promise((done) => setTimeout(done, 20))
      }
    }
  }
}
