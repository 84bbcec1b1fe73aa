package org.mobula.core.stablebaselines;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.a2c.A2cConfig;
import org.mobula.core.algorithm.dqn.DqnConfig;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.algorithm.sac.SacConfig;
import org.mobula.core.algorithm.td3.Td3Config;
import org.mobula.core.experience.RunningStatistics;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.network.ParameterLayout.Entry;
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.parameters.StoreState;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.ObservationNormalizer;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.space.Box;
import org.mobula.core.space.Space;
import org.mobula.core.stablebaselines.Pickled.Described;
import org.mobula.core.stablebaselines.Pickled.Named;
import org.mobula.core.stablebaselines.Pickled.None;
import org.mobula.core.stablebaselines.Pickled.Numbers;
import org.mobula.core.training.StartingPoint;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.ExternalEnvironmentConfig;
import org.mobula.core.training.config.NormalizationConfig;
import org.mobula.core.training.config.TrainingConfig;

/**
 * What {@code model.save} of Stable-Baselines3 wrote, of PPO, A2C, DQN, SAC, TD3 and DDPG: as a
 * training configuration, and as the point that a run of it starts from.
 *
 * <p>Its file holds pickles, which in Python can do anything. Nothing of them is executed here:
 * tensors, arrays and descriptions of spaces, noise and schedules are read, and all else is refused
 * with its name, or left out with a {@linkplain #notes note} where a run can do without it.
 */
public final class StableBaselinesRun {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String SERIALIZED = ":serialized:";
  private static final String LEARNING_RATE = "learning_rate";
  private static final Pattern CLASS = Pattern.compile("<class '([\\w.]+)'>");
  private static final double CLIP = 10;
  private static final int MOST_ENVIRONMENTS = 10_000;
  private static final long MOST_STEPS = 1L << 50;

  /** Settings that are taken over; others say how far that run was, or how it was shown. */
  private static final Set<String> SETTINGS =
      Set.of(
          "n_steps",
          "batch_size",
          "n_epochs",
          "gamma",
          "gae_lambda",
          LEARNING_RATE,
          "clip_range",
          "clip_range_vf",
          "normalize_advantage",
          "ent_coef",
          "vf_coef",
          "max_grad_norm",
          "target_kl",
          "use_sde",
          "policy_kwargs",
          "learning_starts",
          "train_freq",
          "gradient_steps",
          "buffer_size",
          "tau",
          "target_update_interval",
          "exploration_fraction",
          "exploration_initial_eps",
          "exploration_final_eps",
          "policy_delay",
          "target_policy_noise",
          "target_noise_clip",
          "action_noise",
          "target_entropy",
          "replay_buffer_kwargs");

  private final Path file;
  private final Limits limits = Limits.ofHeap();
  private final JsonNode data;
  private final String algorithm;
  private final Map<String, Numbers> tensors = new LinkedHashMap<>();
  private final Map<String, OptimizerState> optimizers = new LinkedHashMap<>();
  private final List<String> notes = new ArrayList<>();
  private final @Nullable Space observationSpace;
  private final @Nullable Space actionSpace;
  private final AlgorithmConfig algorithmConfig;
  private final NetworkConfig network;
  private final @Nullable Described normalization;

  private StableBaselinesRun(Path file, @Nullable Path normalizationFile) throws IOException {
    this.file = file;
    ZipArchive archive = new ZipArchive(file.toString(), bytes(file), limits);
    this.data = data(archive);
    this.algorithm = algorithm(data);
    readTensors(archive);
    this.observationSpace = space("observation_space");
    this.actionSpace = space("action_space");
    readOptimizers(archive);
    Settings settings = new Settings(settings());
    AlgorithmSettings translated = new AlgorithmSettings(settings, totalSteps());
    AlgorithmConfig config = Objects.requireNonNull(translated.algorithm(algorithm));
    boolean images = tensors.keySet().stream().anyMatch(name -> name.contains("extractor.cnn."));
    this.network = translated.network(algorithm, images, hidden());
    settings.withoutTwin().forEach(this::refuseOrNote);
    this.algorithmConfig = withOptimizer(config);
    this.normalization = normalizationFile == null ? null : normalization(normalizationFile);
  }

  /**
   * Reads a run.
   *
   * @param file the ZIP archive that {@code model.save} wrote
   * @param normalization what {@code VecNormalize.save} wrote; null if the run had none
   * @throws IOException if a file is broken, hostile, or of what no run here is like
   */
  public static StableBaselinesRun read(Path file, @Nullable Path normalization)
      throws IOException {
    try {
      return new StableBaselinesRun(file, normalization);
    } catch (IllegalArgumentException e) { // a setting out of its range
      throw new IOException(file + ": " + e.getMessage(), e);
    }
  }

  private byte[] bytes(Path path) throws IOException {
    limits.take(path.toString(), Files.size(path));
    return Files.readAllBytes(path);
  }

  private static byte[] entry(Path file, ZipArchive archive, String name) throws IOException {
    byte[] entry = archive.find(name);
    if (entry == null) {
      throw new IOException(
          "%s was not written by Stable-Baselines3's model.save: it has no %s"
              .formatted(file, name));
    }
    return entry;
  }

  private JsonNode data(ZipArchive archive) throws IOException {
    try {
      return JSON.readTree(entry(file, archive, "data"));
    } catch (JsonProcessingException e) {
      throw new IOException(file + "/data is no JSON: " + e.getOriginalMessage(), e);
    }
  }

  /** Files name their policy's class but not their algorithm: its settings tell. */
  private String algorithm(JsonNode settings) throws IOException {
    boolean hasGae = settings.has("gae_lambda") && !settings.has("cg_max_steps");
    if (settings.has("n_epochs") && hasGae) {
      return "ppo";
    } else if (settings.has("exploration_fraction")) {
      return "dqn";
    } else if (settings.has("policy_delay")) {
      return "td3";
    } else if (settings.has("target_entropy")) {
      return "sac";
    } else if (hasGae) {
      return "a2c";
    }
    throw new IOException(
        file + " is of another algorithm than PPO, A2C, DQN, SAC, TD3 and DDPG, by its settings");
  }

  private void readTensors(ZipArchive archive) throws IOException {
    String name = "policy.pth";
    String what = file + "/" + name;
    Object value = TorchFile.read(what, entry(file, archive, name), limits);
    Map<?, ?> state = Pickled.as(Map.class, what, value);
    for (Map.Entry<?, ?> tensor : state.entrySet()) {
      String key = String.valueOf(tensor.getKey());
      tensors.put(key, Pickled.as(Numbers.class, what + ": " + key, tensor.getValue()));
    }
    byte[] variables = archive.find("pytorch_variables.pth");
    if (variables == null) {
      return;
    }
    Object more = TorchFile.read(file + "/pytorch_variables.pth", variables, limits);
    if (more instanceof Map<?, ?> map && map.get("log_ent_coef") instanceof Numbers logarithm) {
      tensors.put("log_ent_coef", logarithm);
    }
  }

  private void readOptimizers(ZipArchive archive) throws IOException {
    List<String> parts =
        switch (algorithm) {
          case "sac" -> List.of("actor", "critic", "ent_coef");
          case "td3" -> List.of("actor", "critic");
          default -> List.of("policy");
        };
    for (String part : parts) {
      String name = part.equals("ent_coef") ? "ent_coef_optimizer.pth" : part + ".optimizer.pth";
      byte[] contents = archive.find(name);
      if (contents != null) {
        Object value = TorchFile.read(file + "/" + name, contents, limits);
        optimizers.put(part, OptimizerState.of(file + "/" + name, value, optimized(part, value)));
      }
    }
  }

  /** The parameters that an optimizer is of, in their order: a policy's tensors have it. */
  private List<String> optimized(String part, Object state) {
    List<String> all = new ArrayList<>(tensors.keySet());
    if (tensors.keySet().stream().anyMatch(name -> name.startsWith("features_extractor."))) {
      all.removeIf(name -> name.matches("(pi|vf)_features_extractor\\..*")); // the same again
    }
    all.remove("log_ent_coef");
    return switch (part) {
      case "actor", "critic" -> all.stream().filter(name -> name.startsWith(part + ".")).toList();
      case "ent_coef" -> List.of("log_ent_coef");
      default -> {
        List<String> online =
            all.stream().filter(name -> !name.startsWith("q_net_target.")).toList();
        // Before version 1.3 a DQN's optimizer had the target network's parameters, too.
        yield OptimizerState.parameters(state) == all.size() ? all : online;
      }
    };
  }

  private @Nullable Space space(String key) throws IOException {
    JsonNode node = data.path(key);
    try {
      if (node.has(SERIALIZED)) {
        return SpaceDescription.space(key, unpickle(key, node));
      }
      note(key, "it is missing");
    } catch (IOException e) {
      note(key, String.valueOf(e.getMessage()));
    }
    return null;
  }

  private void note(String key, String reason) {
    notes.add(key + " was not taken over: " + reason);
  }

  private Object unpickle(String key, JsonNode node) throws IOException {
    byte[] pickle;
    try {
      pickle = Base64.getDecoder().decode(node.path(SERIALIZED).asText());
    } catch (IllegalArgumentException e) {
      throw new IOException(key + " is broken: it is no text in Base64", e);
    }
    limits.take(key, pickle.length);
    return Unpickler.read(key, pickle, limits, Unpickler.Beside.NOTHING);
  }

  private Map<String, Object> settings() throws IOException {
    Map<String, Object> settings = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : data.properties()) {
      String key = entry.getKey();
      JsonNode value = entry.getValue();
      if (!SETTINGS.contains(key)) {
        continue;
      }
      if (!value.has(SERIALIZED)) {
        settings.put(key, plain(value));
        continue;
      }
      try {
        settings.put(key, unpickle(key, value));
      } catch (IOException e) {
        Double rate = key.equals(LEARNING_RATE) ? learningRate() : null;
        if (rate != null) {
          settings.put(key, rate);
          notes.add(
              "learning_rate is %s, the optimizer's last: %s".formatted(rate, e.getMessage()));
        } else if (key.equals("policy_kwargs")) {
          settings.put(key, inWords(value)); // which say what a person needs to know
        } else {
          note(key, e.getMessage() + "; it is as usual");
        }
      }
    }
    return settings;
  }

  /** That of the last step; null if nothing says it, or it was 0 in the end. */
  private @Nullable Double learningRate() {
    for (OptimizerState optimizer : optimizers.values()) {
      Double rate = optimizer.learningRate();
      if (rate != null && rate > 0) {
        return rate;
      }
    }
    return null;
  }

  private static Object plain(JsonNode node) {
    if (node.isObject()) {
      Map<String, Object> map = new LinkedHashMap<>();
      node.properties().forEach(entry -> map.put(entry.getKey(), plain(entry.getValue())));
      return map;
    } else if (node.isArray()) {
      List<Object> list = new ArrayList<>();
      node.forEach(each -> list.add(plain(each)));
      return list;
    } else if (node.isBoolean()) {
      return node.booleanValue();
    } else if (node.isIntegralNumber() && node.canConvertToLong()) {
      return node.longValue();
    } else if (node.isNumber()) {
      return node.doubleValue();
    }
    return node.isNull() ? None.NONE : node.asText();
  }

  /** What stands in words beside a pickle. */
  private static Map<String, Object> inWords(JsonNode node) {
    Map<String, Object> words = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : node.properties()) {
      Matcher type = CLASS.matcher(entry.getValue().asText());
      if (!entry.getKey().startsWith(":")) {
        words.put(
            entry.getKey(), type.matches() ? new Named(type.group(1)) : plain(entry.getValue()));
      }
    }
    return words;
  }

  /** What a policy is made of has to have a twin; a run can do without the rest. */
  private void refuseOrNote(String key, String reason) {
    if (key.equals("use_sde")
        || (key.startsWith("policy_kwargs.") && !key.startsWith("policy_kwargs.optimizer"))) {
      throw new IllegalArgumentException(key + " has no twin: " + reason);
    }
    note(key, reason);
  }

  /** The optimizers say best what they are. */
  private AlgorithmConfig withOptimizer(AlgorithmConfig config) {
    OptimizerConfig optimizer =
        optimizers.values().stream()
            .map(OptimizerState::config)
            .filter(Objects::nonNull)
            .findFirst()
            .orElse(config.optimizer());
    if (config instanceof PpoConfig ppo) {
      return ppo.withOptimizer(optimizer);
    } else if (config instanceof A2cConfig a2c) {
      return a2c.withOptimizer(optimizer);
    } else if (config instanceof DqnConfig dqn) {
      return dqn.withOptimizer(optimizer);
    } else if (config instanceof SacConfig sac) {
      return sac.withOptimizer(optimizer).withCritics(critics());
    }
    return config instanceof Td3Config td3
        ? td3.withOptimizer(optimizer).withCritics(critics())
        : config;
  }

  private int critics() {
    int count = 0;
    while (tensors.containsKey("critic.qf" + count + ".0.weight")) {
      count++;
    }
    return Math.max(1, count);
  }

  /** Widths of the hidden layers, as the tensors have them. */
  private List<Integer> hidden() {
    return switch (algorithm) {
      case "dqn" -> widths("q_net.q_net", 1);
      case "sac" -> widths("actor.latent_pi", 0);
      case "td3" -> widths("actor.mu", 1);
      default -> widths("mlp_extractor.policy_net", 0);
    };
  }

  private List<Integer> widths(String name, int last) {
    List<Integer> widths = new ArrayList<>();
    Numbers weights = tensors.get(name + ".0.weight");
    for (int i = 2; weights != null; i += 2) {
      widths.add(weights.shape().get(0));
      weights = tensors.get(name + "." + i + ".weight");
    }
    return widths.subList(0, Math.max(0, widths.size() - last));
  }

  private Described normalization(Path path) throws IOException {
    Object value = Unpickler.read(path.toString(), bytes(path), limits, Unpickler.Beside.NOTHING);
    if (!(value instanceof Described described && described.type.endsWith(".VecNormalize"))) {
      throw new IOException(
          "%s is %s but must be what VecNormalize.save wrote"
              .formatted(path, Pickled.words(value)));
    }
    Double epsilon = Settings.asNumber(described.get("epsilon"));
    if (is(described, "norm_obs") && epsilon != null && epsilon != ObservationNormalizer.EPSILON) {
      throw new IOException(
          "%s: epsilon is %s but is always %s here"
              .formatted(path, epsilon, ObservationNormalizer.EPSILON));
    }
    Double gamma = Settings.asNumber(described.get("gamma"));
    if (is(described, "norm_reward") && gamma != null && gamma != algorithmConfig.discount()) {
      note(
          "gamma of the normalisation",
          "the algorithm's, " + algorithmConfig.discount() + ", serves");
    }
    if (is(described, "norm_obs")
        && is(described, "norm_reward")
        && !Objects.equals(described.get("clip_obs"), described.get("clip_reward"))) {
      note("clip_reward", "clip_obs serves for both");
    }
    return described;
  }

  private static boolean is(Described described, String key) {
    return Boolean.TRUE.equals(described.get(key));
  }

  /** The algorithm's key here: {@code ppo}. */
  public String algorithm() {
    return algorithm;
  }

  /** What was not taken over and why, a sentence each. */
  public List<String> notes() {
    return List.copyOf(notes);
  }

  /** Environment steps that were taken. */
  public long environmentSteps() {
    return Math.max(0, Math.min(MOST_STEPS, data.path("num_timesteps").asLong(0)));
  }

  /** Those of the training as it was planned. */
  private long totalSteps() {
    return Math.max(1, Math.min(MOST_STEPS, data.path("_total_timesteps").asLong(100_000)));
  }

  /**
   * The configuration of a run that goes on for as many steps as it was trained for at last.
   *
   * @param environment an id as {@link EnvironmentConfig#id} has it; null for one that other
   *     processes play, with the spaces of the file, which does not say the environment
   * @throws IOException if there is no id and the file's spaces cannot be read
   */
  public TrainingConfig config(@Nullable String environment) throws IOException {
    EnvironmentConfig played =
        environment == null ? external() : EnvironmentConfig.defaults(environment);
    int count = Math.max(1, data.path("n_envs").asInt(1));
    if (count > MOST_ENVIRONMENTS) {
      throw new IOException(
          "%s: n_envs is %,d but must be at most %,d".formatted(file, count, MOST_ENVIRONMENTS));
    }
    TrainingConfig config =
        TrainingConfig.defaults(played.withCount(count), algorithmConfig)
            .withNetwork(network)
            .withNormalization(normalizationConfig());
    return config
        .withSeed(Math.max(0, data.path("seed").asLong(0)))
        .withStop(config.stop().withEnvironmentSteps(environmentSteps() + totalSteps()));
  }

  private EnvironmentConfig external() throws IOException {
    if (observationSpace == null || actionSpace == null) {
      throw new IOException(
          "%s does not say its environment, and its spaces cannot be read (%s): name the environment"
              .formatted(file, notes.get(0)));
    }
    return EnvironmentConfig.defaults(
        null,
        null,
        null,
        ExternalEnvironmentConfig.defaults(
            SpaceDescription.config(observationSpace), SpaceDescription.config(actionSpace)));
  }

  private NormalizationConfig normalizationConfig() {
    boolean scaled = !algorithm.equals("ppo") && !algorithm.equals("a2c");
    Described given = normalization;
    if (given == null) {
      return new NormalizationConfig(false, false, scaled, CLIP);
    }
    boolean observations = is(given, "norm_obs");
    Double clip = Settings.asNumber(given.get(observations ? "clip_obs" : "clip_reward"));
    return new NormalizationConfig(
        observations, is(given, "norm_reward"), scaled, clip == null ? CLIP : clip);
  }

  /**
   * Where a run starts.
   *
   * @param config as {@link #config} gave it, maybe with other settings
   * @param policy that such a run trains
   * @throws IOException if the file's tensors or spaces are not those of this policy
   */
  public StartingPoint start(TrainingConfig config, PolicySpec policy) throws IOException {
    requireSpaces(policy);
    ParameterLayout layout = config.layout(policy);
    TensorNames names =
        new TensorNames(
            algorithm, config.network().shared() ? 0 : config.network().hidden().size());
    float[] parameters = new float[layout.size()];
    Set<String> used = new LinkedHashSet<>();
    Map<String, float[]> moments = new TreeMap<>();
    for (String moment : config.algorithm().optimizer().create(layout).moments().keySet()) {
      moments.put(moment, new float[layout.size()]);
    }
    for (Entry entry : layout.entries()) {
      List<String> theirs = theirs(names, entry);
      used.addAll(theirs);
      fill(entry, theirs, tensors::get, parameters, true);
      moments.forEach((moment, values) -> fillMoment(entry, theirs, moment, values));
    }
    requireAllUsed(used);
    long steps = optimizers.values().stream().mapToLong(OptimizerState::steps).sum();
    StoreState store = new StoreState(new ParameterSnapshot(steps, parameters), steps, moments);
    return new StartingPoint(
        environmentSteps(),
        store,
        config.normalization().observations() ? statistics("obs_rms", policy) : null,
        config.normalization().rewards() ? statistics("ret_rms", policy) : null);
  }

  private List<String> theirs(TensorNames names, Entry entry) throws IOException {
    try {
      return names.theirs(entry.name());
    } catch (IllegalArgumentException e) {
      throw new IOException("%s: %s".formatted(file, e.getMessage()), e);
    }
  }

  private void requireSpaces(PolicySpec policy) throws IOException {
    if (actionSpace != null && !actionSpace.equals(policy.actionSpace())) {
      throw new IOException(
          "%s was trained for actions in %s, but the environment's are in %s%s"
              .formatted(
                  file,
                  actionSpace,
                  policy.actionSpace(),
                  actionSpace.toString().equals(policy.actionSpace().toString())
                      ? " with other bounds"
                      : ""));
    }
    if (observationSpace != null
        && observationSpace.flatSize() != policy.observationSpace().flatSize()) {
      throw new IOException(
          "%s was trained on observations in %s, but the environment's are in %s"
              .formatted(file, observationSpace, policy.observationSpace()));
    }
    if (policy.observationSpace() instanceof Box box
        && box.isPixels()
        && !network.isConvolutional()) {
      throw new IOException(
          file
              + " is an MlpPolicy on pixels, which Stable-Baselines3 divides by 255 and no network of"
              + " hidden layers does here");
    }
  }

  /** Finds a tensor by its name there. */
  @FunctionalInterface
  private interface Finder {
    @Nullable Numbers find(String name);
  }

  /** Puts their tensors into the place of ours, one after the other along the first axis. */
  private void fill(Entry entry, List<String> theirs, Finder finder, float[] into, boolean needed)
      throws IOException {
    int at = entry.offset();
    int rows = 0;
    for (String name : theirs) {
      Numbers tensor = finder.find(name);
      if (tensor == null) {
        if (needed) {
          throw new IOException(
              "%s has no tensor %s, which would be %s of shape %s"
                  .formatted(file, name, entry.name(), entry.shape()));
        }
        return;
      }
      List<Integer> shape = tensor.shape().isEmpty() ? List.of(1) : tensor.shape();
      rows += shape.get(0);
      boolean fits =
          shape.subList(1, shape.size()).equals(entry.shape().subList(1, entry.shape().size()))
              && rows <= entry.shape().get(0);
      if (!fits) {
        throw misfit(name, shape, entry);
      }
      System.arraycopy(tensor.floats(), 0, into, at, tensor.values().length);
      at += tensor.values().length;
    }
    if (rows != entry.shape().get(0)) {
      throw misfit(String.join(" and ", theirs), shapeOf(rows, entry), entry);
    }
  }

  private static List<Integer> shapeOf(int rows, Entry entry) {
    List<Integer> shape = new ArrayList<>(entry.shape());
    shape.set(0, rows);
    return shape;
  }

  private IOException misfit(String theirs, List<Integer> shape, Entry entry) {
    return new IOException(
        "%s: %s, of shape %s, does not fit into %s of shape %s; give the environment and the network that it was trained with"
            .formatted(file, theirs, shape, entry.name(), entry.shape()));
  }

  private void fillMoment(Entry entry, List<String> theirs, String moment, float[] into) {
    for (OptimizerState optimizer : optimizers.values()) {
      if (moment.equals("step")) {
        if (optimizer.remembered().containsKey(theirs.get(0))) {
          Arrays.fill(
              into, entry.offset(), entry.offset() + entry.size(), (float) optimizer.steps());
        }
        continue;
      }
      try {
        fill(entry, theirs, name -> optimizer.moment(name, moment), into, false);
      } catch (IOException e) {
        throw new IllegalArgumentException(e.getMessage(), e);
      }
    }
  }

  /** A tensor that nothing here is like would be missed. */
  private void requireAllUsed(Set<String> used) throws IOException {
    for (Map.Entry<String, Numbers> tensor : tensors.entrySet()) {
      String name = tensor.getKey();
      if (used.contains(name) || name.matches("(q_net_target|critic_target|actor_target)\\..*")) {
        continue;
      }
      Matcher again = Pattern.compile("(pi|vf)_(features_extractor\\..*)").matcher(name);
      Numbers same = again.matches() ? tensors.get(again.group(2)) : null;
      if (same == null || !Arrays.equals(same.values(), tensor.getValue().values())) {
        throw new IOException(
            "%s has the tensor %s of shape %s, which nothing here is like"
                .formatted(file, name, tensor.getValue().shape()));
      }
    }
  }

  private @Nullable RunningStatistics statistics(String name, PolicySpec policy)
      throws IOException {
    Described given = normalization;
    if (given == null) {
      return null;
    }
    Described measured = Pickled.as(Described.class, name, given.get(name));
    double[] mean = numbers(name + ".mean", measured.get("mean"));
    double[] variance = numbers(name + ".var", measured.get("var"));
    Double count = Settings.asNumber(measured.get("count"));
    int size = name.equals("obs_rms") ? policy.observationSpace().flatSize() : 1;
    if (mean.length != size || variance.length != size || count == null) {
      throw new IOException(
          "the normalisation has %s means and %s variances of %s but there must be %s"
              .formatted(mean.length, variance.length, name, size));
    }
    RunningStatistics statistics = new RunningStatistics(size);
    statistics.restore(count, mean, variance);
    return statistics;
  }

  private static double[] numbers(String what, @Nullable Object value) throws IOException {
    Double one = Settings.asNumber(value);
    return one != null ? new double[] {one} : Pickled.as(Numbers.class, what, value).values();
  }

  /** The spaces of the file, observations first; empty if they cannot be read. */
  Optional<List<Space>> spaces() {
    return observationSpace == null || actionSpace == null
        ? Optional.empty()
        : Optional.of(List.of(observationSpace, actionSpace));
  }
}
