package example.reinforce;

import java.io.DataInput;
import java.io.DataOutput;
import java.util.Arrays;
import java.util.Map;
import org.mobula.core.algorithm.Learner;
import org.mobula.core.algorithm.LearnerSetup;
import org.mobula.core.algorithm.LearningMoment;
import org.mobula.core.algorithm.SamplingActor;
import org.mobula.core.distribution.ActionDistribution;
import org.mobula.core.experience.Experience;
import org.mobula.core.network.Network;
import org.mobula.core.parameters.ParameterStore;
import org.mobula.core.policy.ObservationEncoder;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.returns.GeneralizedAdvantage;
import org.mobula.core.returns.Trace;

/** ∇J = E[(G − V) ∇ log π(a|s)], and V moves towards G. */
final class ReinforceLearner implements Learner {
  private final ReinforceConfig config;
  private final Network network;
  private final ObservationEncoder encoder;
  private final ActionDistribution distribution;
  private final int actionSize;
  private final float[] features;
  private final float[] outputs;
  private final float[] outputGradients;
  private final float[] advantages;
  private final float[] returns;
  private final float[] evaluation;
  private final float[] parameters;
  private final float[] gradient;
  private double loss;

  ReinforceLearner(ReinforceConfig config, LearnerSetup setup) {
    PolicySpec policy = setup.policy();
    int rows = config.steps() * setup.environments();
    this.config = config;
    this.network = setup.engine().create(policy.network());
    this.encoder = new ObservationEncoder(policy.observationSpace());
    this.distribution = policy.actionHead().distribution();
    this.actionSize = policy.actionSpace().size();
    this.features = new float[rows * network.inputs()];
    this.outputs = new float[rows * network.outputs()];
    this.outputGradients = new float[outputs.length];
    this.advantages = new float[rows];
    this.returns = new float[rows];
    this.evaluation = new float[distribution.evaluationSize()];
    this.parameters = new float[network.layout().size()];
    this.gradient = new float[parameters.length];
  }

  @Override
  public void learn(Experience experience, ParameterStore store, LearningMoment moment) {
    int rows = experience.rows();
    int width = network.outputs();
    float[] values = experience.column(SamplingActor.VALUE);
    Trace trace =
        new Trace(
            experience.steps,
            experience.environments,
            experience.rewards,
            experience.terminated,
            experience.truncated,
            values,
            experience.column(SamplingActor.FINAL_VALUE),
            Arrays.copyOfRange(values, rows, values.length));
    new GeneralizedAdvantage((float) config.discount(), 1).compute(trace, advantages, returns);
    encoder.flatten(experience.observations, rows, features);
    store.pull(parameters);
    network.setParameters(parameters);
    network.forward(features, rows, outputs);
    Arrays.fill(outputGradients, 0);
    loss = 0;
    for (int i = 0; i < rows; i++) {
      int output = i * width;
      float scale = 1f / rows;
      distribution.evaluate(outputs, output, experience.actions, i * actionSize, evaluation, 0);
      distribution.addGradient(
          outputs,
          output,
          experience.actions,
          i * actionSize,
          evaluation,
          0,
          -scale * advantages[i],
          0,
          outputGradients,
          output);
      outputGradients[output + width - 1] = scale * (outputs[output + width - 1] - returns[i]);
      loss -= scale * advantages[i] * evaluation[0];
    }
    network.backward(outputGradients, gradient, null);
    store.pushPull(gradient, config.learningRate(), parameters);
  }

  @Override
  public void measure(Map<String, Double> measurements) {
    measurements.put("loss/reinforce", loss);
  }

  @Override
  public void writeState(DataOutput out) {}

  @Override
  public void readState(DataInput in) {}

  @Override
  public void close() {
    network.close();
  }
}
