package org.mobula.notebook;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.mobula.core.metrics.LearningCurve;
import org.mobula.core.metrics.MetricNames;
import org.mobula.core.metrics.MetricTable.Point;
import org.mobula.core.training.EvaluationResult;
import org.mobula.core.training.TrainingListener;
import org.mobula.core.training.TrainingProgress;
import org.mobula.core.training.TrainingResult;
import org.mobula.tune.StudyListener;
import org.mobula.tune.report.StudyCharts;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;

/**
 * A picture below a cell that changes while the cell runs, twice a second at most.
 *
 * <pre>{@code
 * Trainer.builder(config).listener(Live.curve("CartPole-v1")).build().train();
 * Study.builder(space).listener(Live.study()).build().optimize(objective);
 * }</pre>
 */
public final class Live {
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  private final Screen screen;
  private final LongSupplier nanoClock;
  private @Nullable String id;
  private long shown;

  Live(Screen screen, LongSupplier nanoClock) {
    this.screen = screen;
    this.nanoClock = nanoClock;
  }

  /** Where a picture stands and is replaced by the next one. */
  interface Screen {
    /** Shows what can be replaced later; the answer is its name. */
    String display(Object value);

    void update(String id, Object value);
  }

  private static Live inNotebook() {
    return new Live(new KernelScreen(), System::nanoTime);
  }

  /** The learning curve of a training run, and how far it has come. */
  public static TrainingListener curve(String title) {
    return curve(title, inNotebook());
  }

  static TrainingListener curve(String title, Live live) {
    return new Curve(title, live);
  }

  /** The values of a study's trials, and the best so far. */
  public static StudyListener study() {
    return study(inNotebook());
  }

  static StudyListener study(Live live) {
    return new StudyListener() {
      @Override
      public void onEnd(StudyRecord study, TrialRecord trial) {
        // Always, since nobody tells which trial is the last.
        live.show(() -> StudyCharts.optimizationHistory(study, 0), true);
      }
    };
  }

  private void show(Supplier<Object> picture, boolean always) {
    long now = nanoClock.getAsLong();
    if (id == null) {
      id = screen.display(picture.get());
    } else if (always || now - shown >= PAUSE_NANOS) {
      screen.update(id, picture.get());
    } else {
      return;
    }
    shown = now;
  }

  private static final class Curve implements TrainingListener {
    private final String title;
    private final Live live;
    private final List<Point> training = new ArrayList<>();
    private final List<Point> evaluations = new ArrayList<>();

    Curve(String title, Live live) {
      this.title = title;
      this.live = live;
    }

    @Override
    public void onIteration(TrainingProgress progress, Map<String, Double> measurements) {
      double value = measurements.getOrDefault(MetricNames.ROLLOUT_EPISODE_RETURN_MEAN, Double.NaN);
      if (Double.isFinite(value)) {
        training.add(new Point(progress.environmentSteps(), value));
      }
      live.show(() -> picture(progress, "training"), false);
    }

    @Override
    public void onEvaluation(TrainingProgress progress, EvaluationResult result) {
      evaluations.add(new Point(progress.environmentSteps(), result.meanReturn()));
    }

    @Override
    public void onEnd(TrainingResult result) {
      live.show(() -> picture(result.progress(), result.reason()), true);
    }

    private Html picture(TrainingProgress progress, String state) {
      String line =
          String.format(
              Locale.ROOT,
              "%,d environment steps, %,d episodes, %,.1f s: %s",
              progress.environmentSteps(),
              progress.episodes(),
              progress.wallSeconds(),
              state);
      return Html.of(new LearningCurve(title, training, evaluations), line);
    }
  }
}
