package org.mobula.core.runtime;

/** Where among several machines. An engine with one machine accepts and ignores it. */
public enum Placement {
  /** Fill one machine before the next. */
  PACK,
  /** As many machines as possible. */
  SPREAD
}
