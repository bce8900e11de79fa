export interface Card {
  key: string;
  /** Where it wants to be: beside its text. */
  top: number;
  height: number;
}

/**
 * Where cards go so that none lies on another: as near to their text as there is room, and the
 * active one exactly there. The cards come in the order in which they stand.
 */
export function stackCards(
  cards: readonly Card[],
  active: string | null,
  gap: number,
): Map<string, number> {
  const fixed = cards.findIndex(({ key }) => key === active);
  const tops = cards.map(({ top }) => Math.max(top, 0));
  // What stands above the active card makes room among itself first.
  pushDown(cards, tops, 0, gap, fixed < 0 ? cards.length : fixed);
  pushDown(cards, tops, Math.max(fixed, 0), gap);
  for (let index = fixed - 1; index >= 0; index -= 1) {
    const room = (tops[index + 1] ?? 0) - gap - (cards[index]?.height ?? 0);
    tops[index] = Math.min(tops[index] ?? 0, room);
  }
  if ((tops[0] ?? 0) < 0) {
    // There is no room above: the active one gives way.
    tops[0] = 0;
    pushDown(cards, tops, 0, gap);
  }
  return new Map(cards.map(({ key }, index) => [key, tops[index] ?? 0]));
}

function pushDown(
  cards: readonly Card[],
  tops: number[],
  from: number,
  gap: number,
  end = cards.length,
): void {
  for (let index = from + 1; index < end; index += 1) {
    const free = (tops[index - 1] ?? 0) + (cards[index - 1]?.height ?? 0) + gap;
    tops[index] = Math.max(tops[index] ?? 0, free);
  }
}
