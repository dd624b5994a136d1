/**
 * A picture that is moved and enlarged within a frame. Pure functions.
 *
 * A place is `{scale, x, y}`: enlarged about the middle of the frame, then shifted, in px. `base` is the
 * picture's size at scale 1, `frame` what it is seen through.
 */

export const HOME = Object.freeze({ scale: 1, x: 0, y: 0 });

/** One press of + or -, and what a double click enlarges to. */
export const STEP = 1.5;
export const CLOSE_UP = 2.5;

/** The size in which a picture lies within a frame, or covers it; never larger than it is, unless it must cover. */
export function base(picture, frame, { cover = false } = {}) {
  const [across, down] = [frame.width / picture.width, frame.height / picture.height];
  const scale = cover ? Math.max(across, down) : Math.min(across, down, 1);
  return { width: picture.width * scale, height: picture.height * scale };
}

/** Enlarged by a factor, so that the point (from the middle of the frame) stays where it is. */
export function zoomed(place, factor, point, { size, frame, most }) {
  const scale = Math.min(most, Math.max(1, place.scale * factor));
  const by = scale / place.scale;
  const x = point.x - (point.x - place.x) * by;
  const y = point.y - (point.y - place.y) * by;
  return bounded({ scale, x, y }, { size, frame });
}

/** No further than its edges; where it is smaller than the frame, in the middle. */
export function bounded({ scale, x, y }, { size, frame }) {
  const within = (shift, length, seen) => {
    const room = Math.max(0, (length * scale - seen) / 2);
    return Math.min(room, Math.max(-room, shift));
  };
  return { scale, x: within(x, size.width, frame.width), y: within(y, size.height, frame.height) };
}

/** The square of the picture that is seen through a square frame, in the picture's own pixels. */
export function seen({ scale, x, y }, { size, frame, picture }) {
  const pixel = picture.width / (size.width * scale);
  const side = frame.width * pixel;
  return { x: picture.width / 2 - x * pixel - side / 2, y: picture.height / 2 - y * pixel - side / 2, side };
}
