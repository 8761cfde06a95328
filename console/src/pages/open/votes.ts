/** This device's votes in a round. */
import { ref, shallowRef } from 'vue'
import { api } from '@/api/client'
import { messageOf, Problem } from '@/api/problem'
import type { Ballot, CastVote, OpenTopic, VoteCounted } from '@/api/types'
import { answered } from './challenge'
import { device } from './device'

export function useVotes(round: string) {
  const mine = shallowRef(new Map<string, Ballot>())
  const topics = shallowRef(new Map<string, OpenTopic>())
  const busy = ref('')
  const failure = ref('')

  async function load(): Promise<void> {
    const found = await api.get<{ items: CastVote[] }>(`/open/rounds/${round}/votes`, {}, undefined, { 'X-Device': device() }).catch(() => null)
    if (found) mine.value = new Map(found.items.map((one) => [one.topic, one.vote]))
  }
  async function vote(topic: string, ballot: Ballot): Promise<boolean> {
    busy.value = topic
    failure.value = ''
    const path = `/open/topics/${topic}/votes`
    const body = { device: device(), vote: ballot }
    try {
      const first = mine.value.size === 0
      const counted = await api.post<VoteCounted>(path, first ? { ...body, ...(await answered(round)) } : body).catch(async (error: unknown) => {
        // The node forgot this device, or knows it only from elsewhere: answer a challenge once.
        if (!first && error instanceof Problem && error.code.startsWith('challenge')) return api.post<VoteCounted>(path, { ...body, ...(await answered(round)) })
        throw error
      })
      mine.value = new Map(mine.value).set(topic, counted.vote)
      topics.value = new Map(topics.value).set(topic, counted.topic)
      return true
    } catch (error) {
      failure.value = messageOf(error)
      return false
    } finally {
      busy.value = ''
    }
  }
  return { mine, topics, busy, failure, load, vote }
}
export type Votes = ReturnType<typeof useVotes>
