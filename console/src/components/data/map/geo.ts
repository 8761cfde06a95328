/** Web Mercator on a plain sheet: where a place stands, how far a pixel is, which lines to rule. */
export interface Spot {
  lon: number
  lat: number
}
/** The middle of what is shown, and pixels for the width of the world. */
export interface View {
  x: number
  y: number
  scale: number
}
export interface Frame {
  width: number
  height: number
}

const LAT_MAX = 85.05
const EARTH_M = 40_075_016.686
export const SCALE_MIN = 256
export const SCALE_MAX = 256 * 2 ** 21

/** On the world's sheet, 0 to 1 both ways, north up. */
export function project(spot: Spot): { x: number; y: number } {
  const lat = (Math.max(-LAT_MAX, Math.min(LAT_MAX, spot.lat)) * Math.PI) / 180
  return { x: (spot.lon + 180) / 360, y: 0.5 - Math.log(Math.tan(Math.PI / 4 + lat / 2)) / (2 * Math.PI) }
}
export function unproject(x: number, y: number): Spot {
  return { lon: x * 360 - 180, lat: (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI }
}
export function toScreen(at: { x: number; y: number }, view: View, frame: Frame): [number, number] {
  return [(at.x - view.x) * view.scale + frame.width / 2, (at.y - view.y) * view.scale + frame.height / 2]
}
export function fromScreen(px: number, py: number, view: View, frame: Frame): { x: number; y: number } {
  return { x: (px - frame.width / 2) / view.scale + view.x, y: (py - frame.height / 2) / view.scale + view.y }
}
const within = (scale: number) => Math.min(SCALE_MAX, Math.max(SCALE_MIN, scale))

/** Zooms so that what is under the pointer stays there. */
export function zoomed(view: View, frame: Frame, factor: number, px = frame.width / 2, py = frame.height / 2): View {
  const under = fromScreen(px, py, view, frame)
  const scale = within(view.scale * factor)
  return { x: under.x - (px - frame.width / 2) / scale, y: under.y - (py - frame.height / 2) / scale, scale }
}

export const isPlace = (lon: unknown, lat: unknown): boolean =>
  lon !== null && lat !== null && lon !== '' && lat !== '' && Number.isFinite(Number(lon)) && Number.isFinite(Number(lat)) && Math.abs(Number(lon)) <= 180 && Math.abs(Number(lat)) <= 90

/** Shows all of them, with some air; places far off the rest (a wrong digit) do not spoil the view. */
export function fitted(spots: Spot[], frame: Frame): View {
  if (spots.length === 0) return { x: 0.5, y: 0.5, scale: SCALE_MIN }
  const at = spots.map(project)
  const span = (values: number[]): [number, number] => {
    const sorted = [...values].sort((a, b) => a - b)
    const cut = sorted.length >= 50 ? Math.floor(sorted.length * 0.01) : 0
    return [sorted[cut] ?? 0, sorted[sorted.length - 1 - cut] ?? 0]
  }
  const [left, right] = span(at.map((one) => one.x))
  const [top, bottom] = span(at.map((one) => one.y))
  const room = 0.84
  const scale = within(Math.min((frame.width * room) / Math.max(right - left, 1e-9), (frame.height * room) / Math.max(bottom - top, 1e-9), 256 * 2 ** 14))
  return { x: (left + right) / 2, y: (top + bottom) / 2, scale }
}

/** Metres of a pixel in the middle of the view. */
export function metresPerPixel(view: View): number {
  return (EARTH_M * Math.cos((unproject(view.x, view.y).lat * Math.PI) / 180)) / view.scale
}
/** A round length of at most so many pixels. */
export function scaleBar(view: View, most = 110): { metres: number; pixels: number } {
  const per = metresPerPixel(view)
  const power = 10 ** Math.floor(Math.log10(per * most))
  const metres = ([5, 2, 1].find((one) => one * power <= per * most) ?? 1) * power
  return { metres, pixels: metres / per }
}

const STEPS = [30, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005]
export interface Line {
  value: number
  at: number
}
/** Meridians and parallels to rule, some five each way, with where they stand on the screen. */
export function gridOf(view: View, frame: Frame): { lon: Line[]; lat: Line[]; digits: number } {
  const from = unproject(fromScreen(0, 0, view, frame).x, fromScreen(0, 0, view, frame).y)
  const to = unproject(fromScreen(frame.width, frame.height, view, frame).x, fromScreen(frame.width, frame.height, view, frame).y)
  const wanted = Math.abs(to.lon - from.lon) / Math.max(3, frame.width / 180)
  const step = [...STEPS].reverse().find((one) => one >= wanted) ?? 30
  const lines = (low: number, high: number, place: (value: number) => number): Line[] => {
    const found: Line[] = []
    for (let n = Math.ceil(low / step); n * step <= high && found.length < 40; n += 1) found.push({ value: n * step, at: place(n * step) })
    return found
  }
  return {
    lon: lines(from.lon, to.lon, (lon) => toScreen(project({ lon, lat: 0 }), view, frame)[0]),
    lat: lines(to.lat, from.lat, (lat) => toScreen(project({ lon: 0, lat }), view, frame)[1]),
    digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)),
  }
}

/** The nearest point to a pixel, within reach; -1 for none. */
export function nearest(points: [number, number][], px: number, py: number, reach: number): number {
  let found = -1
  let best = reach * reach
  points.forEach(([x, y], i) => {
    const far = (x - px) ** 2 + (y - py) ** 2
    if (far <= best) {
      best = far
      found = i
    }
  })
  return found
}
