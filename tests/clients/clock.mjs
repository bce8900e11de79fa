// Makes this process's time pass SPEED times as fast. Loaded before anything keeps a clock:
//
//     SPEED=60 node --import ./clock.mjs harness.mjs
const speed = Number(process.env.SPEED ?? 1);

if (speed !== 1) {
  const { setTimeout: soon, setInterval: often } = globalThis;
  const now = Date.now.bind(Date);
  const start = now();
  Date.now = () => start + (now() - start) * speed;
  globalThis.setTimeout = (run, ms = 0, ...rest) => soon(run, ms / speed, ...rest);
  globalThis.setInterval = (run, ms = 0, ...rest) => often(run, ms / speed, ...rest);
}
