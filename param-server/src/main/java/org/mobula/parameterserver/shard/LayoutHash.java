package org.mobula.parameterserver.shard;

import java.nio.charset.StandardCharsets;
import org.mobula.core.network.ParameterLayout;

/**
 * Sixty-four bits that tell one layout from another, so that a worker with another network is
 * turned away: FNV-1a over the names, shapes, groups and networks in order.
 */
public final class LayoutHash {
  private static final long OFFSET_BASIS = 0xcbf29ce484222325L;
  private static final long PRIME = 0x100000001b3L;

  private LayoutHash() {}

  /** The hash of a layout. */
  public static long of(ParameterLayout layout) {
    long hash = OFFSET_BASIS;
    for (ParameterLayout.Entry entry : layout.entries()) {
      // The shape's brackets and line ends keep neighbours apart.
      String line = entry.name() + "\n" + entry.shape() + "\n" + entry.group() + "\n";
      if (!entry.network().equals(ParameterLayout.POLICY)) {
        line += entry.network() + "\n";
      }
      for (byte each : line.getBytes(StandardCharsets.UTF_8)) {
        hash = (hash ^ (each & 0xff)) * PRIME;
      }
    }
    return hash;
  }
}
