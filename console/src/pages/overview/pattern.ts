/** Where the parts of the spatial pattern stand in the schematic (1000 by 500). */
import type { Pattern, Place } from '@/api/types'

export interface Spot {
  x: number
  y: number
}
export const WIDTH = 1000
export const HEIGHT = 500

export function spotOf(place: Place): Spot | null {
  return place.place ? { x: place.place.x * (WIDTH / 100), y: place.place.y * (HEIGHT / 100) } : null
}

/** The trunk's stops: the pillars from east to west, and where it leaves the picture at both ends. */
export function trunkStops(pattern: Pattern): Spot[] {
  const stops = pattern.pillars
    .map(spotOf)
    .filter((spot) => spot !== null)
    .sort((a, b) => b.x - a.x)
  const east = stops[0]
  const west = stops.at(-1)
  if (!east || !west) return [{ x: WIDTH + 30, y: HEIGHT * 0.35 }, { x: -30, y: HEIGHT * 0.65 }]
  return [{ x: WIDTH + 30, y: east.y - 10 }, ...stops, { x: -30, y: Math.min(HEIGHT - 40, west.y + 70) }]
}

/** How high the trunk runs at `x`, near enough to keep labels off it. */
export function trunkHeight(stops: Spot[], x: number): number {
  for (let i = 0; i < stops.length - 1; i += 1) {
    const [a, b] = [stops[i], stops[i + 1]]
    if (a && b && x <= a.x && x >= b.x) return b.y + ((a.y - b.y) * (x - b.x)) / (a.x - b.x || 1)
  }
  return HEIGHT / 2
}

/** A smooth line through points (Catmull-Rom as cubic curves). */
export function through(points: Spot[]): string {
  const at = (index: number) => points[Math.min(Math.max(index, 0), points.length - 1)] as Spot
  let path = `M${at(0).x} ${at(0).y}`
  for (let i = 0; i < points.length - 1; i += 1) {
    const [a, b, c, d] = [at(i - 1), at(i), at(i + 1), at(i + 2)]
    path += `C${b.x + (c.x - a.x) / 6} ${b.y + (c.y - a.y) / 6} ${c.x - (d.x - b.x) / 6} ${c.y - (d.y - b.y) / 6} ${c.x} ${c.y}`
  }
  return path
}

/** A belt: a long shallow wave about its point. */
export function beltLine(spot: Spot): string {
  const half = 105
  return `M${spot.x - half} ${spot.y + 9}C${spot.x - half / 2} ${spot.y - 11} ${spot.x - half / 4} ${spot.y - 9} ${spot.x} ${spot.y}S${spot.x + half / 2} ${spot.y + 11} ${spot.x + half} ${spot.y - 9}`
}
