package org.mobula.core.export;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.core.network.Activation;
import org.mobula.core.network.ConvolutionSpec;
import org.mobula.core.network.Initialization;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.network.NetworkSpec;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.policy.ActionEvaluation;
import org.mobula.core.policy.ActionHead;
import org.mobula.core.policy.ActionValues;
import org.mobula.core.policy.NetworkEngine;
import org.mobula.core.policy.ObservationNormalizer;
import org.mobula.core.policy.Policy;
import org.mobula.core.policy.PolicyFile;
import org.mobula.core.policy.PolicyHead;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Dict;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.MultiBinary;
import org.mobula.core.space.MultiDiscrete;
import org.mobula.core.space.Space;
import org.mobula.core.space.Tuple;

/** Policies of each kind with random parameters, and what {@link Policy} answers by them. */
final class OnnxPolicies {
  private static final int OBSERVATIONS = 100;
  private static final int PICTURES = 10;

  private OnnxPolicies() {}

  /**
   * Writes each policy as ONNX and JSON into a folder, and as {@code NAME.answers.json} what it
   * observes and answers.
   */
  public static void main(String[] arguments) throws IOException {
    Path folder = Files.createDirectories(Path.of(arguments[0]));
    for (Map.Entry<String, PolicyFile.Contents> entry : all().entrySet()) {
      String name = entry.getKey();
      PolicyFile.Contents policy = entry.getValue();
      Map<String, String> metadata = Map.of("mobula.run", name);
      OnnxPolicyFile.write(folder.resolve(name + ".onnx"), policy, metadata);
      JsonPolicyFile.write(folder.resolve(name + ".json"), policy, metadata);
      Files.writeString(folder.resolve(name + ".answers.json"), answers(policy));
    }
  }

  static Map<String, PolicyFile.Contents> all() {
    Map<String, PolicyFile.Contents> all = new LinkedHashMap<>();
    addSampled(all);
    addGreedy(all);
    addBounded(all);
    addConvolutions(all);
    return all;
  }

  private static void addSampled(Map<String, PolicyFile.Contents> all) {
    Box four = Box.unbounded(4);
    Box push = Box.of(new float[] {-2, 0, 3}, new float[] {2, 500, 3});
    Box arm =
        Box.of(
            new float[] {-0.2f, -1, Float.NEGATIVE_INFINITY, -1, -1, 0},
            new float[] {0.2f, 1, 0, Float.POSITIVE_INFINITY, 1, 2},
            2,
            3);
    Dict seen =
        Dict.of("position", Box.of(-1, 1, 2))
            .with("door", new Discrete(2))
            .with("kinds", new MultiDiscrete(2, 3))
            .with("flags", new MultiBinary(2));
    Dict mixed =
        Dict.of("go", new Discrete(3))
            .with("push", push)
            .with("flags", new MultiBinary(2))
            .with("which", new MultiDiscrete(2, 2))
            .with("lift", Box.of(-1, 3, 1));
    Tuple choices = new Tuple(List.of(new Discrete(3), new MultiBinary(2)));
    Tuple unscaled = new Tuple(List.of(Box.unbounded(2), new MultiBinary(2)));
    PolicySpec several =
        sampled(seen, new MultiDiscrete(2, 4, 3), Activation.GELU, false, true)
            .withMasksActions(true);
    PolicySpec parts = sampled(four, mixed, Activation.TANH, true, true).withMasksActions(true);
    all.put(
        "discrete", normalized(sampled(four, new Discrete(3, 5), Activation.TANH, false, true), 1));
    all.put("scaled-box", normalized(sampled(four, push, Activation.RELU, true, true), 2));
    all.put("box", random(sampled(four, arm, Activation.ELU, false, false), 3));
    all.put("multi-discrete", normalized(several, 4));
    all.put(
        "multi-binary",
        random(sampled(new Discrete(5), new MultiBinary(4), Activation.SILU, false, false), 5));
    all.put("dict", random(parts, 6));
    all.put("tuple", random(sampled(four, choices, Activation.IDENTITY, false, true), 7));
    all.put("unscaled-tuple", random(sampled(four, unscaled, Activation.TANH, false, false), 8));
  }

  private static void addGreedy(Map<String, PolicyFile.Contents> all) {
    Discrete actions = new Discrete(4);
    PolicyHead expected = new PolicyHead.Greedy();
    PolicyHead categorical = new PolicyHead.Greedy(ActionValues.CategoricalReturns.defaults());
    PolicyHead quantiles = new PolicyHead.Greedy(new ActionValues.QuantileReturns(20));
    Box four = Box.unbounded(4);
    all.put("greedy", random(perceptron(four, actions, expected, 4), 9));
    all.put(
        "greedy-masked", random(perceptron(four, actions, expected, 4).withMasksActions(true), 10));
    all.put("dueling", normalized(perceptron(four, actions, expected, 5), 11));
    all.put("categorical", random(perceptron(four, actions, categorical, 4 * 51), 12));
    all.put("categorical-dueling", random(perceptron(four, actions, categorical, 5 * 51), 13));
    all.put("quantiles", random(perceptron(four, actions, quantiles, 4 * 20), 14));
    all.put("quantiles-dueling", random(perceptron(four, actions, quantiles, 5 * 20), 15));
  }

  private static void addBounded(Map<String, PolicyFile.Contents> all) {
    Box torque = Box.of(new float[] {-2, 0}, new float[] {2, 10});
    Tuple room = new Tuple(List.of(Box.of(-1, 1, 2, 2), new Discrete(3)));
    PolicyHead squashed = new PolicyHead.Squashed();
    PolicyHead deterministic = new PolicyHead.Deterministic();
    all.put("squashed", normalized(perceptron(Box.unbounded(4), torque, squashed, 4), 16));
    all.put("squashed-value", random(perceptron(Box.unbounded(4), torque, squashed, 5), 17));
    all.put("deterministic", random(perceptron(room, torque, deterministic, 2), 18));
    all.put("scalar", random(perceptron(Box.of(-5, 5), Box.of(-3, 3), deterministic, 1), 19));
  }

  private static void addConvolutions(Map<String, PolicyFile.Contents> all) {
    Discrete actions = new Discrete(4);
    NetworkSpec plain =
        new ConvolutionSpec(
            2,
            20,
            16,
            List.of(
                new ConvolutionSpec.Convolution(6, 4, 2), new ConvolutionSpec.Convolution(5, 3, 1)),
            List.of(24),
            columns(actions, true),
            Activation.RELU,
            Initialization.fanInUniform(),
            List.of(),
            ConvolutionSpec.GREATEST_PIXEL);
    NetworkSpec residual =
        new ConvolutionSpec(
            3,
            11,
            14,
            List.of(new ConvolutionSpec.Convolution(4, 2, 1)),
            List.of(16),
            List.of(new MlpSpec.Head("values", List.of(), 5, 1)),
            Activation.RELU,
            Initialization.fanInUniform(),
            List.of(5, 6),
            1);
    all.put("convolutions", random(new PolicySpec(Box.bytes(2, 20, 16), actions, plain), 20));
    all.put(
        "residual",
        normalized(
            new PolicySpec(Box.of(0, 1, 3, 11, 14), actions, residual, new PolicyHead.Greedy()),
            21));
  }

  /**
   * A policy that samples.
   *
   * @param complete whether it has a value, and scaled actions where they can be
   */
  private static PolicySpec sampled(
      Space observations, Space actions, Activation activation, boolean shared, boolean complete) {
    NetworkSpec network =
        new MlpSpec(
            observations.flatSize(),
            shared ? List.of(16) : List.of(),
            columns(actions, complete),
            activation,
            Initialization.orthogonal());
    return new PolicySpec(observations, actions, network).withScaledActions(complete);
  }

  private static List<MlpSpec.Column> columns(Space actions, boolean value) {
    int gaussians = ActionHead.gaussians(actions);
    int all = ActionHead.of(actions).parameters();
    List<MlpSpec.Column> columns = new ArrayList<>();
    columns.add(new MlpSpec.Head("policy", List.of(24, 16), all - gaussians, 1));
    if (gaussians > 0) {
      columns.add(new MlpSpec.Constant("log-deviation", gaussians, -0.5f));
    }
    if (value) {
      columns.add(new MlpSpec.Head("value", List.of(24), 1, 1));
    }
    return columns;
  }

  private static PolicySpec perceptron(
      Space observations, Space actions, PolicyHead head, int outputs) {
    return new PolicySpec(
        observations,
        actions,
        new MlpSpec(
            observations.flatSize(),
            List.of(24, 16),
            List.of(new MlpSpec.Head("outputs", List.of(), outputs, 1)),
            Activation.RELU,
            Initialization.fanInUniform()),
        head);
  }

  private static PolicyFile.Contents random(PolicySpec spec, long seed) {
    return contents(spec, seed, null);
  }

  /** The first feature lies so far from zero that a float alone would lose what it says. */
  private static PolicyFile.Contents normalized(PolicySpec spec, long seed) {
    List<Double> mean = new ArrayList<>();
    List<Double> variance = new ArrayList<>();
    for (int i = 0; i < spec.observationSpace().flatSize(); i++) {
      mean.add(i == 0 ? 1e5 + 0.0037 : 0.3 - 0.1 * (i % 7));
      variance.add(0.05 + 0.5 * (i % 5));
    }
    return contents(spec, seed, new ObservationNormalizer(1000, mean, variance, 2.5));
  }

  private static PolicyFile.Contents contents(
      PolicySpec spec, long seed, @Nullable ObservationNormalizer normalizer) {
    Pcg64 random = new Pcg64(seed);
    float[] parameters = spec.network().initialParameters(random);
    for (int i = 0; i < parameters.length; i++) {
      parameters[i] += (float) (0.05 * random.nextGaussian());
    }
    return new PolicyFile.Contents(
        spec, new PolicySnapshot(new ParameterSnapshot(seed, parameters), normalizer));
  }

  private static String answers(PolicyFile.Contents contents) {
    PolicySpec spec = contents.spec();
    Space space = spec.observationSpace();
    ObservationNormalizer normalizer = contents.snapshot().normalizer();
    Pcg64 random = new Pcg64(99);
    ObjectNode json = new ObjectMapper().createObjectNode();
    ArrayNode rows = json.putArray("rows");
    try (Policy policy = new Policy(spec, contents.snapshot(), NetworkEngine.AUTO)) {
      int count = spec.network() instanceof ConvolutionSpec ? PICTURES : OBSERVATIONS;
      for (int row = 0; row < count; row++) {
        float[] observation = new float[space.size()];
        space.sample(random, observation, 0);
        if (normalizer != null) {
          observation[0] += normalizer.mean().get(0).floatValue();
        }
        boolean[] mask = spec.masksActions() ? mask(spec.actionSpace(), random) : null;
        ActionEvaluation evaluation = policy.evaluate(observation, mask, null);
        ObjectNode answer = rows.addObject();
        put(answer, "observation", observation);
        if (mask != null) {
          ArrayNode flags = answer.putArray("mask");
          for (boolean allowed : mask) {
            flags.add(allowed);
          }
        }
        put(answer, "action", evaluation.action());
        put(answer, "distribution", evaluation.distribution());
        if (evaluation.value() != null) {
          answer.put("value", evaluation.value());
        }
      }
    }
    return json.toString();
  }

  /** Any alternative of a choice may be forbidden, but never all. */
  private static boolean[] mask(Space actions, Pcg64 random) {
    boolean[] mask = new boolean[actions.maskSize()];
    int at = 0;
    for (Space leaf : actions.leaves()) {
      int[] choices =
          leaf instanceof MultiDiscrete multi ? multi.nvec() : new int[] {leaf.maskSize()};
      for (int alternatives : choices) {
        for (int i = 0; i < alternatives; i++) {
          mask[at + i] = random.nextBoolean();
        }
        if (alternatives > 0) {
          mask[at + random.nextInt(0, alternatives)] = true;
        }
        at += alternatives;
      }
    }
    return mask;
  }

  private static void put(ObjectNode json, String name, float[] values) {
    ArrayNode array = json.putArray(name);
    for (float value : values) {
      array.add(value);
    }
  }
}
