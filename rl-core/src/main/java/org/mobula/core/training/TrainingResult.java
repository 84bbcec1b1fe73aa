package org.mobula.core.training;

import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.Policy;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.policy.PolicySpec;

/** What came of a run. */
public final class TrainingResult {
  private final PolicySpec spec;
  private final PolicySnapshot snapshot;
  private final NetworkEngine engine;
  private final TrainingProgress progress;
  private final String reason;
  private final boolean interrupted;
  private final @Nullable EvaluationResult evaluation;
  private final @Nullable Path directory;

  TrainingResult(
      PolicySpec spec,
      PolicySnapshot snapshot,
      NetworkEngine engine,
      TrainingProgress progress,
      String reason,
      boolean interrupted,
      @Nullable EvaluationResult evaluation,
      @Nullable Path directory) {
    this.spec = spec;
    this.snapshot = snapshot;
    this.engine = engine;
    this.progress = progress;
    this.reason = reason;
    this.interrupted = interrupted;
    this.evaluation = evaluation;
    this.directory = directory;
  }

  /** The trained policy; the caller closes it. */
  public Policy policy() {
    return new Policy(spec, snapshot, engine);
  }

  /** How far the run came. */
  public TrainingProgress progress() {
    return progress;
  }

  /** Why the run ended, for a person to read. */
  public String reason() {
    return reason;
  }

  /** Whether the run was asked to stop before it was done. */
  public boolean interrupted() {
    return interrupted;
  }

  /** The evaluation at the end; empty if evaluation is off or the run was interrupted. */
  public Optional<EvaluationResult> evaluation() {
    return Optional.ofNullable(evaluation);
  }

  /** The run directory, if there is one. */
  public Optional<Path> directory() {
    return Optional.ofNullable(directory);
  }
}
