/** Records a voice by the browser's own MediaRecorder, and tells meanwhile how loud it is. */

/** What servers and other browsers understand, the best first. */
const TYPES = [
  ["audio/webm;codecs=opus", "webm"],
  ["audio/mp4", "m4a"],
  ["audio/ogg;codecs=opus", "ogg"],
];
const BITS_PER_SECOND = 32_000;

/** How often the level is measured. */
const TICK_MS = 50;

/** Steps of a waveform, each 0 to 100. */
const STEPS = 64;

/** `reason` is "insecure", "unsupported", "denied", "missing" or "busy". */
export class NoMicrophone extends Error {
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

const REASONS = { NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "missing", NotReadableError: "busy" };

async function microphone() {
  if (!globalThis.isSecureContext) throw new NoMicrophone("insecure");
  if (!navigator.mediaDevices?.getUserMedia || !globalThis.MediaRecorder) throw new NoMicrophone("unsupported");
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true } });
  } catch ({ name }) {
    throw new NoMicrophone(REASONS[name] ?? "unsupported");
  }
}

/**
 * Asks for the microphone and begins.
 * @param {{most: number, tick: (ms: number, levels: number[]) => void, full: () => void}} options
 *        levels: 0 to 1, all so far; full: it has become as long as it may, and waits
 * @returns {Promise<{stop: () => Promise<object>, cancel: () => void}>}  stop: `{file, ms, name, waveform}`
 */
export async function record({ most, tick, full }) {
  const stream = await microphone();
  const [type, ending] = TYPES.find(([one]) => MediaRecorder.isTypeSupported(one)) ?? [undefined, "webm"];
  const media = new MediaRecorder(stream, { mimeType: type, audioBitsPerSecond: BITS_PER_SECOND });
  const loudness = meter(stream);
  const pieces = [];
  const levels = [];
  const from = performance.now();
  let ms = 0;
  const timer = setInterval(() => {
    if (media.state !== "recording") return;
    ms = performance.now() - from;
    levels.push(loudness.read());
    tick(ms, levels);
    if (ms >= most) end(full);
  }, TICK_MS);
  media.addEventListener("dataavailable", ({ data }) => pieces.push(data));
  const ended = new Promise((resolve) => media.addEventListener("stop", resolve));
  media.start();

  const end = (then) => {
    clearInterval(timer);
    if (media.state !== "inactive") {
      ms = performance.now() - from;
      media.stop();
    }
    for (const track of stream.getTracks()) track.stop();
    loudness.close();
    then?.();
  };
  const stop = async () => {
    end();
    await ended;
    const file = new Blob(pieces, { type: media.mimeType.split(";")[0] });
    return { file, ms: Math.round(ms), name: `voice.${ending}`, waveform: waveform(levels) };
  };
  return { stop, cancel: () => end() };
}

/** How loud it is now, 0 to 1; speech lies about in the middle. */
function meter(stream) {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const read = () => {
    analyser.getFloatTimeDomainData(samples);
    const mean = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    return Math.min(1, Math.sqrt(mean) ** 0.6 * 2);
  };
  return { read, close: () => context.close() };
}

/** The loudest of each step, against the loudest of all. */
export function waveform(levels) {
  const top = Math.max(0.01, ...levels);
  return Array.from({ length: STEPS }, (_, step) => {
    const [from, to] = [step, step + 1].map((edge) => Math.floor((edge * levels.length) / STEPS));
    return Math.round((Math.max(0, ...levels.slice(from, Math.max(to, from + 1))) / top) * 100);
  });
}
