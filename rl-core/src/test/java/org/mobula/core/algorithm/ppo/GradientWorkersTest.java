package org.mobula.core.algorithm.ppo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.mobula.core.algorithm.ActorCritic;
import org.mobula.core.algorithm.GradientWorkers;
import org.mobula.core.algorithm.LearnerSetup;
import org.mobula.core.algorithm.SamplingActor;
import org.mobula.core.experience.Experience;
import org.mobula.core.experience.ExperienceShape;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;

class GradientWorkersTest {
  private static final PolicySpec POLICY =
      ActorCritic.policy(Box.unbounded(4), new Discrete(2), NetworkConfig.defaults(), 0);

  private final float[] parameters = POLICY.network().initialParameters(new Pcg64(1));
  private final PpoLoss.Coefficients coefficients = new PpoLoss.Coefficients(0.2f, 0, 0.01f, 0.5f);
  private final PpoLoss.Measurements measured = new PpoLoss.Measurements();

  private static GradientWorkers<PpoGradient> workers(int count) {
    LearnerSetup setup =
        new LearnerSetup(POLICY, NetworkEngine.AUTO, 8, count, 0, null, new Pcg64(2));
    return new GradientWorkers<>(count, 64, capacity -> new PpoGradient(setup, capacity));
  }

  private float[] gradient(GradientWorkers<PpoGradient> workers, int rows) {
    List<ExperienceShape.Column> columns =
        List.of(
            new ExperienceShape.Column(SamplingActor.LOG_PROBABILITY, 1, false),
            new ExperienceShape.Column(SamplingActor.VALUE, 1, true));
    Experience experience = new Experience(new ExperienceShape(4, 1, 0, columns), 8, 8);
    int[] order = new int[64];
    Pcg64 random = new Pcg64(3);
    for (int i = 0; i < 64; i++) {
      order[i] = i;
      experience.actions[i] = i % 2;
      experience.column(SamplingActor.LOG_PROBABILITY)[i] = -0.7f;
      float[] observation = new float[4];
      for (int k = 0; k < 4; k++) {
        observation[k] = (float) random.nextGaussian();
      }
      experience.observations.set(i, observation, 0);
    }
    float[] numbers = new float[64];
    for (int i = 0; i < 64; i++) {
      numbers[i] = (float) random.nextGaussian();
    }
    for (int worker = 0; worker < workers.count(); worker++) {
      int from = workers.firstRow(worker, rows);
      int to = workers.firstRow(worker + 1, rows);
      workers.part(worker).set(coefficients);
      workers.part(worker).rows().gather(experience, numbers, numbers, order, from, to);
    }
    float[] gradient = new float[parameters.length];
    workers.compute(parameters, gradient);
    measured.clear();
    for (int worker = 0; worker < workers.count(); worker++) {
      measured.add(workers.part(worker).measurements());
    }
    return gradient;
  }

  @Test
  void partsAddUpToTheWholeMinibatch() {
    try (GradientWorkers<PpoGradient> one = workers(1);
        GradientWorkers<PpoGradient> three = workers(3)) {
      float[] whole = gradient(one, 64);
      double loss = measured.policyLoss();
      float[] sum = gradient(three, 64);
      assertThat(measured.policyLoss()).isCloseTo(loss, within(1e-6));
      for (int i = 0; i < whole.length; i++) {
        assertThat(sum[i]).isCloseTo(whole[i], within(1e-5f));
      }
      assertThat(gradient(three, 64)).isEqualTo(sum);
    }
  }

  @Test
  void aMinibatchMayHaveFewerRowsThanThereAreWorkers() {
    try (GradientWorkers<PpoGradient> one = workers(1);
        GradientWorkers<PpoGradient> four = workers(4)) {
      assertThat(gradient(four, 1)).isEqualTo(gradient(one, 1));
    }
  }

  @Test
  void throwsWhatAWorkerThrewAndGoesOn() {
    try (GradientWorkers<PpoGradient> workers = workers(2)) {
      float[] before = gradient(workers, 64);
      assertThatThrownBy(() -> workers.compute(new float[3], new float[3]))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("parameters has 3 numbers");
      assertThat(gradient(workers, 64)).isEqualTo(before);
    }
  }
}
