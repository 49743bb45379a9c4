/** Why one way did not lead to an engine, for people; the next way is tried. */
export class NoWay extends Error {}
