package org.mobula.core.export;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.mobula.core.distribution.ActionMask;
import org.mobula.core.export.OnnxGraph.Attribute;
import org.mobula.core.export.OnnxGraph.Elements;
import org.mobula.core.policy.ActionValues;
import org.mobula.core.policy.ObservationNormalizer;
import org.mobula.core.policy.PolicyFile;
import org.mobula.core.policy.PolicyHead;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.space.Box;
import org.mobula.core.space.Dict;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.MultiBinary;
import org.mobula.core.space.MultiDiscrete;
import org.mobula.core.space.Space;
import org.mobula.core.space.Tuple;

/**
 * A policy as an <a href="https://onnx.ai">ONNX</a> model that needs nothing of Mobula:
 * observations enter as the environment writes them, the most likely action leaves in the
 * environment's units. Flattening, normaliser, masks, scale and bounds are operators of the graph.
 *
 * <p>Inputs and outputs have the names, types and shapes that a server gives them; the first
 * dimension is the batch, of any size.
 *
 * <ul>
 *   <li>{@code observation}, float: {@code [batch, *shape]} of a box, else {@code [batch, size]},
 *       the space's encoding. One input also of a Dict or Tuple: that encoding is what {@code
 *       Policy.act} takes, and a program has one layout for all policies.
 *   <li>{@code mask}, bool {@code [batch, choices]}, of a policy that was trained with masks.
 *   <li>{@code action}: float {@code [batch, *shape]} of a box, int64 {@code [batch]} of Discrete,
 *       int64 {@code [batch, size]} of other choices; of a Dict or Tuple {@code [batch, size]},
 *       float where it holds a box.
 *   <li>{@code value}, float {@code [batch]}, where the policy has one.
 *   <li>to sample by: {@code logits} of choices and bits, after masks; {@code mean} and {@code
 *       log_std} of numbers, in the environment's units and before bounds, or before the tangent of
 *       a squashed Gaussian; of a greedy policy {@code action_value} of each action, before masks.
 * </ul>
 *
 * <p>A policy with a state of its own will take it as a further input and give the next one as a
 * further output.
 */
public final class OnnxPolicyFile {
  /** The version of ONNX's operators in use, which runtimes of 2022 know. */
  public static final int OPSET = 17;

  private static final int IR_VERSION = 8;
  private static final String POLICY = "mobula.policy";

  private final PolicySpec spec;
  private final OnnxGraph graph = new OnnxGraph("policy");
  private final @Nullable String mask;

  /** A space without parts within the action space, and where its numbers begin. */
  private record Part(Space space, int at, int maskAt) {}

  private OnnxPolicyFile(PolicySpec spec, PolicySnapshot snapshot) {
    this.spec = spec;
    String features = features();
    this.mask =
        spec.masksActions()
            ? graph.input(
                "mask",
                Elements.BOOL,
                new int[] {spec.actionSpace().maskSize()},
                "true where a choice is allowed; at least one of each: " + spec.actionSpace())
            : null;
    if (snapshot.normalizer() != null) {
      features = normalize(snapshot.normalizer(), features);
    }
    String row =
        new OnnxNetwork(graph, spec.network().layout(), snapshot.parameters().values())
            .compute(spec.network(), features);
    if (spec.head() instanceof PolicyHead.Greedy greedy) {
      greedy(greedy, row);
    } else if (spec.head() instanceof PolicyHead.Sampled) {
      sampled(row);
    } else {
      bounded(row);
    }
  }

  /**
   * Writes a policy.
   *
   * @param metadata what else the file is to say, such as the run that the policy is of
   * @throws IllegalArgumentException if its network is a block of the user's own
   */
  public static void write(Path file, PolicyFile.Contents policy, Map<String, String> metadata)
      throws IOException {
    Files.write(file, bytes(policy, metadata));
  }

  /** The file's content, as {@link #write} makes it. */
  static byte[] bytes(PolicyFile.Contents policy, Map<String, String> metadata) throws IOException {
    PolicySpec spec = policy.spec();
    OnnxPolicyFile built = new OnnxPolicyFile(spec, policy.snapshot());
    Map<String, String> properties = new TreeMap<>(metadata);
    properties.put(POLICY, PolicyFile.describe(spec, policy.snapshot()));
    ProtobufMessage model =
        new ProtobufMessage()
            .integer(1, IR_VERSION)
            .text(2, "mobula")
            .text(4, "org.mobula")
            .integer(5, policy.snapshot().parameters().version())
            .text(
                6,
                "A policy of reinforcement learning: the most likely action for an observation. The"
                    + " spaces, their bounds and the network are in the metadata, as JSON under "
                    + POLICY)
            .message(7, built.graph.message())
            .message(8, new ProtobufMessage().text(1, "").integer(2, OPSET));
    properties.forEach(
        (key, value) -> model.message(14, new ProtobufMessage().text(1, key).text(2, value)));
    return model.toBytes();
  }

  /** The input, flattened as {@link Space#flatten} says. */
  private String features() {
    Space space = spec.observationSpace();
    int[] shape = space instanceof Box box ? box.shape() : new int[] {space.size()};
    String observation =
        graph.input(
            "observation",
            Elements.FLOAT,
            shape,
            "as the environment gives it, not normalised: " + words(space));
    if (space instanceof Box) {
      return shape.length == 1 ? observation : graph.reshape(observation, space.size());
    }
    List<String> features = new ArrayList<>();
    int at = 0;
    for (Space leaf : space.leaves()) {
      int[] choices = choices(leaf);
      if (choices.length == 0) {
        features.add(graph.columns(observation, at, leaf.size()));
      }
      for (int i = 0; i < choices.length; i++) {
        features.add(oneHot(graph.columns(observation, at + i, 1), choices[i]));
      }
      at += leaf.size();
    }
    return graph.beside(features);
  }

  private String oneHot(String index, int choices) {
    float[] all = new float[choices];
    for (int i = 0; i < choices; i++) {
      all[i] = i;
    }
    return graph.cast(graph.operator("Equal", List.of(index, graph.constant(all))), Elements.FLOAT);
  }

  /** How many alternatives each choice has; none in a box and of bits. */
  private static int[] choices(Space leaf) {
    if (leaf instanceof Discrete discrete) {
      return new int[] {discrete.n()};
    }
    return leaf instanceof MultiDiscrete multi ? multi.nvec() : new int[0];
  }

  /**
   * (x − mean) · scale, clipped. A mean far from zero leaves a float few digits, and many runtimes
   * know no double, so the mean is the sum of two floats: x less the first is exact nearby.
   */
  private String normalize(ObservationNormalizer normalizer, String features) {
    int size = normalizer.mean().size();
    float[] mean = new float[size];
    float[] rest = new float[size];
    float[] scale = new float[size];
    for (int i = 0; i < size; i++) {
      double exact = normalizer.mean().get(i);
      mean[i] = (float) exact;
      rest[i] = (float) (exact - mean[i]);
      scale[i] =
          (float) (1 / Math.sqrt(normalizer.variance().get(i) + ObservationNormalizer.EPSILON));
    }
    String shifted = graph.operator("Sub", List.of(features, graph.constant(mean)));
    shifted = graph.operator("Sub", List.of(shifted, graph.constant(rest)));
    String scaled = graph.operator("Mul", List.of(shifted, graph.constant(scale)));
    return clamp(scaled, (float) -normalizer.clip(), (float) normalizer.clip());
  }

  private String clamp(String values, float least, float greatest) {
    return graph.operator("Clip", List.of(values, graph.scalar(least), graph.scalar(greatest)));
  }

  private void greedy(PolicyHead.Greedy greedy, String row) {
    int actions = spec.actionSpace().maskSize();
    String values = actionValues(greedy.values(), actions, row);
    String allowed = masked(values, 0, actions);
    discreteAction(allowed);
    value(
        graph.operator(
            "ReduceMax",
            List.of(allowed),
            Attribute.of("axes", List.of(1)),
            Attribute.of("keepdims", 0L)));
    graph.output(
        "action_value",
        values,
        Elements.FLOAT,
        new int[] {actions},
        "the discounted return expected of each action, before masks");
  }

  /** Expected returns, out of advantages and distributions of returns where there are such. */
  private String actionValues(ActionValues form, int actions, String row) {
    int numbers = form.width();
    int all = actions * numbers;
    boolean dueling = spec.network().outputs() > all;
    if (!dueling && form instanceof ActionValues.ExpectedReturn) {
      return row;
    }
    String each = graph.reshape(dueling ? graph.columns(row, 0, all) : row, actions, numbers);
    if (dueling) { // Q(s, a) = A(s, a) + V(s) − mean over b of A(s, b)
      String state = graph.reshape(graph.columns(row, all, numbers), 1, numbers);
      String mean =
          graph.operator(
              "ReduceMean",
              List.of(each),
              Attribute.of("axes", List.of(1)),
              Attribute.of("keepdims", 1L));
      each = graph.operator("Add", List.of(each, graph.operator("Sub", List.of(state, mean))));
    }
    if (form instanceof ActionValues.CategoricalReturns returns) {
      String probabilities = graph.operator("Softmax", List.of(each), Attribute.of("axis", 2L));
      String weighted =
          graph.operator("Mul", List.of(probabilities, graph.constant(atoms(returns))));
      return graph.operator(
          "ReduceSum", List.of(weighted, graph.constant(2L)), Attribute.of("keepdims", 0L));
    } else if (form instanceof ActionValues.QuantileReturns) {
      return graph.operator(
          "ReduceMean",
          List.of(each),
          Attribute.of("axes", List.of(2)),
          Attribute.of("keepdims", 0L));
    }
    return graph.reshape(each, actions);
  }

  private static float[] atoms(ActionValues.CategoricalReturns returns) {
    double spacing = (returns.greatest() - returns.least()) / (returns.atoms() - 1);
    float[] atoms = new float[returns.atoms()];
    for (int i = 0; i < atoms.length; i++) {
      atoms[i] = (float) (returns.least() + i * spacing);
    }
    return atoms;
  }

  private void sampled(String row) {
    Space space = spec.actionSpace();
    List<Part> parts = parts(space);
    int deviationsAt = 0;
    for (Part part : parts) { // the log standard deviations of all boxes come last
      deviationsAt += means(part.space);
    }
    boolean numbers = parts.stream().anyMatch(part -> part.space instanceof Box);
    List<String> actions = new ArrayList<>();
    List<String> logits = new ArrayList<>();
    List<String> means = new ArrayList<>();
    List<String> deviations = new ArrayList<>();
    int choices = 0;
    int dimensions = 0;
    for (Part part : parts) {
      int size = means(part.space);
      String own = graph.columns(row, part.at, size);
      if (part.space instanceof Box box) {
        String mean = scale(own, box);
        means.add(mean);
        actions.add(clip(mean, box));
        deviations.add(scaleDeviation(graph.columns(row, deviationsAt + dimensions, size), box));
        dimensions += size;
        continue;
      }
      String allowed = masked(own, part.maskAt, part.space.maskSize());
      logits.add(allowed);
      choices += size;
      for (String choice : likeliest(part.space, allowed)) {
        actions.add(numbers ? graph.cast(choice, Elements.FLOAT) : choice);
      }
    }
    if (space instanceof Discrete) {
      discreteAction(logits.get(0));
    } else {
      int[] shape = space instanceof Box box ? box.shape() : new int[] {space.size()};
      action(graph.beside(actions), numbers ? Elements.FLOAT : Elements.INT64, shape);
    }
    if (spec.hasValue()) {
      value(graph.reshape(graph.columns(row, deviationsAt + dimensions, 1)));
    }
    if (!logits.isEmpty()) {
      graph.output(
          "logits",
          graph.beside(logits),
          Elements.FLOAT,
          new int[] {choices},
          "unnormalised log-probabilities of each choice's alternatives, and log-odds of bits, in"
              + " the order of the action; of a forbidden alternative "
              + ActionMask.FORBIDDEN_LOGIT);
    }
    if (numbers) {
      gaussian(
          graph.beside(means),
          graph.beside(deviations),
          dimensions,
          "in the environment's units, before the bounds");
    }
  }

  /** Numbers that describe what lies before the log standard deviations. */
  private static int means(Space leaf) {
    return leaf instanceof Box ? leaf.size() : leaf.flatSize();
  }

  private static List<Part> parts(Space space) {
    List<Part> parts = new ArrayList<>();
    int at = 0;
    int maskAt = 0;
    for (Space leaf : space.leaves()) {
      parts.add(new Part(leaf, at, maskAt));
      at += means(leaf);
      maskAt += leaf.maskSize();
    }
    return parts;
  }

  /** The likeliest action's columns. */
  private List<String> likeliest(Space leaf, String logits) {
    if (leaf instanceof MultiBinary) {
      return List.of(
          graph.cast(graph.operator("Greater", List.of(logits, graph.scalar(0))), Elements.INT64));
    }
    List<String> columns = new ArrayList<>();
    int from = 0;
    for (int alternatives : choices(leaf)) {
      columns.add(greatest(graph.columns(logits, from, alternatives), true));
      from += alternatives;
    }
    return columns;
  }

  private String greatest(String values, boolean keep) {
    return graph.operator( // of equal ones the first
        "ArgMax",
        List.of(values),
        Attribute.of("axis", 1L),
        Attribute.of("keepdims", keep ? 1L : 0L));
  }

  /** Tangents of numbers, whose −1 and 1 are the bounds. */
  private void bounded(String row) {
    Box box = (Box) spec.actionSpace(); // as the head demands
    int size = box.size();
    String mean = graph.columns(row, 0, size);
    action(
        clip(scale(graph.operator("Tanh", List.of(mean)), box), box), Elements.FLOAT, box.shape());
    boolean squashed = spec.head() instanceof PolicyHead.Squashed;
    if (spec.hasValue()) {
      value(graph.reshape(graph.columns(row, squashed ? 2 * size : size, 1)));
    }
    if (squashed) {
      gaussian(
          mean,
          clamp(
              graph.columns(row, size, size),
              PolicyHead.Squashed.LEAST_LOG_DEVIATION,
              PolicyHead.Squashed.GREATEST_LOG_DEVIATION),
          size,
          "before the hyperbolic tangent, whose −1 and 1 are the bounds");
    }
  }

  private String masked(String logits, int from, int size) {
    if (mask == null || size == 0) {
      return logits;
    }
    return graph.operator(
        "Where",
        List.of(graph.columns(mask, from, size), logits, graph.scalar(ActionMask.FORBIDDEN_LOGIT)));
  }

  private String scale(String action, Box box) {
    if (!spec.scaledActions()) {
      return action;
    }
    float[] middle = new float[box.size()];
    for (int i = 0; i < middle.length; i++) {
      middle[i] = (float) (0.5 * box.low(i) + 0.5 * box.high(i));
    }
    String reached = graph.operator("Mul", List.of(action, graph.constant(reach(box))));
    return graph.operator("Add", List.of(reached, graph.constant(middle)));
  }

  private String scaleDeviation(String logDeviation, Box box) {
    if (!spec.scaledActions()) {
      return logDeviation;
    }
    float[] log = reach(box);
    for (int i = 0; i < log.length; i++) {
      log[i] = (float) Math.log(Math.max(Float.MIN_NORMAL, log[i])); // finite at equal bounds
    }
    return graph.operator("Add", List.of(logDeviation, graph.constant(log)));
  }

  private static float[] reach(Box box) {
    float[] reach = new float[box.size()];
    for (int i = 0; i < reach.length; i++) {
      reach[i] = (float) (0.5 * box.high(i) - 0.5 * box.low(i));
    }
    return reach;
  }

  /** Moved to the nearest action within the bounds. */
  private String clip(String action, Box box) {
    String below = graph.operator("Min", List.of(action, graph.constant(box.high())));
    return graph.operator("Max", List.of(below, graph.constant(box.low())));
  }

  private void discreteAction(String values) {
    action(greatest(values, false), Elements.INT64, new int[0]);
  }

  private void action(String tensor, Elements elements, int[] shape) {
    boolean picture = spec.actionSpace() instanceof Box && shape.length != 1;
    graph.output(
        "action",
        picture ? graph.reshape(tensor, shape) : tensor,
        elements,
        shape,
        "the most likely one, in the environment's units and bounds: " + words(spec.actionSpace()));
  }

  private void value(String tensor) {
    graph.output(
        "value",
        tensor,
        Elements.FLOAT,
        new int[0],
        "the discounted return that the policy expects from here on, in the scale of the rewards"
            + " that it was trained on");
  }

  private void gaussian(String mean, String logDeviation, int size, String units) {
    int[] shape = {size};
    graph.output("mean", mean, Elements.FLOAT, shape, "of each number of the action, " + units);
    graph.output(
        "log_std",
        logDeviation,
        Elements.FLOAT,
        shape,
        "natural logarithm of the standard deviation of each, " + units);
  }

  /** What the numbers of an encoding are. */
  private static String words(Space space) {
    if (space instanceof Dict || space instanceof Tuple) {
      List<String> words = new ArrayList<>();
      addWords("", space, 0, words);
      return String.join("; ", words);
    } else if (space instanceof Discrete discrete) {
      return discrete
          + ", the index of the choice"
          + (discrete.start() == 0 ? "" : ", which stands for " + discrete.start() + " + index");
    } else if (space instanceof MultiDiscrete) {
      return space + ", the index of each choice";
    } else if (space instanceof MultiBinary) {
      return space + ", 0 or 1 each";
    }
    Box box = (Box) space;
    float[] low = box.low();
    float[] high = box.high();
    boolean same =
        Arrays.equals(low, filled(low.length, low[0]))
            && Arrays.equals(high, filled(high.length, high[0]));
    return box + (same ? " from " + low[0] + " to " + high[0] : ", each in bounds of its own");
  }

  private static float[] filled(int length, float value) {
    float[] all = new float[length];
    Arrays.fill(all, value);
    return all;
  }

  private static int addWords(String prefix, Space space, int at, List<String> words) {
    List<Space> parts;
    if (space instanceof Dict dict) {
      parts = dict.parts();
    } else if (space instanceof Tuple tuple) {
      parts = tuple.parts();
    } else {
      words.add("%s at %d: %s".formatted(prefix, at, words(space)));
      return at + space.size();
    }
    int next = at;
    for (int i = 0; i < parts.size(); i++) {
      String name = space instanceof Dict dict ? dict.names().get(i) : Integer.toString(i);
      next = addWords(prefix.isEmpty() ? name : prefix + "." + name, parts.get(i), next, words);
    }
    return next;
  }
}
