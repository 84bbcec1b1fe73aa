package org.mobula.parameterserver.shard;

import org.jspecify.annotations.Nullable;
import org.mobula.core.parameters.Gathered;

/**
 * What became of a push or a commit.
 *
 * @param version of the shard now
 * @param awaitsCommit the step waits for a {@link Commit} and no values were written
 * @param late the gradient came after its round had closed and was dropped
 * @param blockSums sums of squares of the blocks ({@code BlockNorm}) of the step's gradient, before
 *     clipping, in order: of the mean over the round's workers, or of the worker's own. Not to be
 *     changed
 * @param gathered what the workers have gathered so far, where the push brought a part; else null
 */
@SuppressWarnings("ArrayRecordComponent") // A carrier; never compared.
public record Stepped(
    long version,
    boolean awaitsCommit,
    boolean late,
    double[] blockSums,
    @Nullable Gathered gathered) {
  /** Without anything gathered. */
  public Stepped(long version, boolean awaitsCommit, boolean late, double[] blockSums) {
    this(version, awaitsCommit, late, blockSums, null);
  }
}
