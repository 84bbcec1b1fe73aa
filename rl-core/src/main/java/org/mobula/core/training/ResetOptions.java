package org.mobula.core.training;

import java.io.DataOutput;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.mobula.core.training.config.EnvironmentConfig;

/**
 * What the episodes of each iteration are reset with: as configured, or as a curriculum says, which
 * is asked once for each iteration, also where one is ended before its time and another run
 * continues it.
 */
final class ResetOptions {
  private final EnvironmentConfig config;
  private final @Nullable Curriculum curriculum;
  private Map<String, Object> present;

  /** The iteration that the present ones are for, from 1; 0 before there is one. */
  private long iteration;

  ResetOptions(EnvironmentConfig config, @Nullable Curriculum curriculum) {
    this.config = config;
    this.curriculum = curriculum;
    this.present = config.resetOptions(0);
  }

  /** The next iteration's. */
  Map<String, Object> next(TrainingProgress progress) {
    long coming = progress.iterations() + 1;
    if (iteration == coming) {
      return present;
    }
    try {
      Map<String, Object> configured = config.resetOptions(progress.done());
      Map<String, Object> next =
          curriculum == null ? configured : asked(curriculum, progress, configured);
      OptionState.requireSavable(next);
      present = Map.copyOf(next);
    } catch (RuntimeException e) {
      throw new TrainingException("the reset options of iteration " + coming, e);
    }
    iteration = coming;
    return present;
  }

  /** What the curriculum returns, which sees what it returned last and what is scheduled. */
  private Map<String, Object> asked(
      Curriculum asked, TrainingProgress progress, Map<String, Object> configured) {
    Map<String, Object> last = new LinkedHashMap<>(present);
    Map<String, Object> fixed = config.resetOptions();
    configured.forEach(
        (name, value) -> {
          if (!value.equals(fixed.get(name))) {
            last.put(name, value);
          }
        });
    return Objects.requireNonNull(
        asked.next(progress, Map.copyOf(last)), "the curriculum returned null; return Map.of()");
  }

  void writeState(DataOutput out) throws IOException {
    out.writeLong(iteration);
    OptionState.write(present, out);
  }

  /** Those that a checkpoint holds; older ones held none. */
  Map<String, Object> restored(Checkpoint checkpoint) throws IOException {
    if (checkpoint.parts().containsKey(TrainingState.RESET_OPTIONS)) {
      checkpoint.restore(
          TrainingState.RESET_OPTIONS,
          in -> {
            iteration = in.readLong();
            present = OptionState.read(in);
          });
    }
    return present;
  }
}
