package consumer;

import org.mobula.tune.Study;
import org.mobula.tune.StudyResult;
import org.mobula.tune.sampler.GaussianProcessSampler;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.SearchSpace;

/** Finds the bottom of a bowl. */
public final class Main {
  public static void main(String[] arguments) {
    FloatParameter x = FloatParameter.uniform("x", -5, 10);
    FloatParameter y = FloatParameter.uniform("y", 0, 15);
    StudyResult result =
        Study.builder(SearchSpace.of(x, y))
            .sampler(new GaussianProcessSampler())
            .trials(30)
            .build()
            .optimize(trial -> Math.pow(trial.get(x) - 1, 2) + Math.pow(trial.get(y) - 2, 2));
    double best = result.best().value();
    if (!(best >= 0 && best < 1)) {
      throw new AssertionError("the best of 30 trials: " + best);
    }
    System.out.println("tune: passed");
  }
}
