package org.mobula.parameterserver.codec;

/** What can be wrong with encoded floats. */
public enum PayloadFault {
  /** More or fewer bytes than the numbers take. */
  LENGTH,
  /** A scale that no encoder writes: negative, infinite, or longer than 17 significant bits. */
  SCALE,
  /** A code that no encoder writes. */
  CODE,
  /** More entries than numbers, or fewer than none. */
  ENTRIES,
  /** Indexes that do not ascend, or lie outside. */
  INDEX
}
