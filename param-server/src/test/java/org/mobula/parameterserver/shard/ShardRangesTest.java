package org.mobula.parameterserver.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.BlockNorm;
import org.mobula.parameterserver.shard.ShardRanges.Range;

class ShardRangesTest {
  private static ParameterLayout layout(int size) {
    return new ParameterLayout.Builder().add("weight", size).build();
  }

  @Test
  void cutsAtBlocksAndBalances() {
    assertThat(ShardRanges.cut(layout(9155), 2).ranges())
        .containsExactly(new Range(0, 4096), new Range(4096, 9155));
    for (int shards = 1; shards <= 7; shards++) {
      List<Range> ranges = ShardRanges.cut(layout(1_000_003), shards).ranges();
      assertThat(ranges).hasSize(shards);
      int end = 0;
      for (Range range : ranges) {
        assertThat(range.from()).isEqualTo(end);
        assertThat(range.from() % BlockNorm.BLOCK).isZero();
        assertThat((double) range.size())
            .isBetween(
                1_000_003.0 / shards - BlockNorm.BLOCK, 1_000_003.0 / shards + BlockNorm.BLOCK);
        end = range.to();
      }
      assertThat(end).isEqualTo(1_000_003);
    }
  }

  @Test
  void refusesMoreShardsThanBlocks() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ShardRanges.cut(layout(9155), 4))
        .withMessage(
            "shards is 4 but must be from 1 to 3: the 9155 parameters are 3 blocks of 4096, and a"
                + " shard holds whole blocks so that the gradient's norm does not depend on the cut");
    assertThatIllegalArgumentException().isThrownBy(() -> ShardRanges.cut(layout(9155), 0));
  }

  @Test
  void theHashTellsLayoutsApart() {
    ParameterLayout one = new ParameterLayout.Builder().add("a", 2, 3).build();
    assertThat(LayoutHash.of(one))
        .isEqualTo(LayoutHash.of(new ParameterLayout.Builder().add("a", 2, 3).build()))
        .isNotEqualTo(LayoutHash.of(new ParameterLayout.Builder().add("a", 3, 2).build()))
        .isNotEqualTo(LayoutHash.of(new ParameterLayout.Builder().add("b", 2, 3).build()))
        .isNotEqualTo(
            LayoutHash.of(new ParameterLayout.Builder().group("g").add("a", 2, 3).build()));
  }
}
