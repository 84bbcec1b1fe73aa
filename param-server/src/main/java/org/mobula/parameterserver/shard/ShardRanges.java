package org.mobula.parameterserver.shard;

import java.util.ArrayList;
import java.util.List;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.BlockNorm;

/**
 * How the flat vector is cut into shards: contiguous, as equal as whole blocks allow, and at
 * multiples of {@link BlockNorm#BLOCK}, so that the blocks' sums of all shards are those of one
 * store and the global norm has the same bits.
 *
 * @param ranges in order, without gaps
 */
public record ShardRanges(List<Range> ranges) {
  /**
   * The places {@code [from, to)} of one shard.
   *
   * @param from first place in the flat vector
   * @param to the place after the last
   */
  public record Range(int from, int to) {
    /** How many numbers. */
    public int size() {
      return to - from;
    }
  }

  /** Copies the list. */
  public ShardRanges {
    ranges = List.copyOf(ranges);
  }

  /**
   * Cuts a vector.
   *
   * @param shards how many, ≥ 1
   * @throws IllegalArgumentException if there are more shards than blocks
   */
  public static ShardRanges cut(ParameterLayout layout, int shards) {
    int size = layout.size();
    int blocks = BlockNorm.blocks(size);
    if (shards < 1 || shards > blocks) {
      throw new IllegalArgumentException(
          ("shards is %s but must be from 1 to %s: the %s parameters are %s blocks of %s, and a shard"
                  + " holds whole blocks so that the gradient's norm does not depend on the cut")
              .formatted(shards, blocks, size, blocks, BlockNorm.BLOCK));
    }
    List<Range> ranges = new ArrayList<>();
    for (int i = 0; i < shards; i++) {
      ranges.add(new Range(cut(blocks, i, shards, size), cut(blocks, i + 1, shards, size)));
    }
    return new ShardRanges(ranges);
  }

  private static int cut(int blocks, int shard, int shards, int size) {
    long block = (long) blocks * shard / shards;
    return (int) Math.min(size, block * BlockNorm.BLOCK);
  }
}
