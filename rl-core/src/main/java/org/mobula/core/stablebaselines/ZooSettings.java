package org.mobula.core.stablebaselines;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.config.ConfigWriter;
import org.mobula.core.config.NearestName;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.stablebaselines.Pickled.None;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.NormalizationConfig;
import org.mobula.core.training.config.TrainingConfig;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * The settings of one environment in a file of rl-zoo3's: YAML whose texts may be Python, of which
 * literals are read and nothing is evaluated.
 */
public final class ZooSettings {
  private static final int MOST_CHARACTERS = 1 << 20;
  private static final int MOST_ALIASES = 1000;
  private static final String NORMALIZE = "normalize";
  private static final Set<String> ALGORITHMS = Set.of("ppo", "a2c", "dqn", "sac", "td3", "ddpg");

  private final String algorithm;
  private final TrainingConfig config;
  private final Map<String, String> withoutTwin;

  private ZooSettings(String algorithm, TrainingConfig config, Map<String, String> withoutTwin) {
    this.algorithm = algorithm;
    this.config = config;
    this.withoutTwin = withoutTwin;
  }

  /**
   * Reads the settings of an environment.
   *
   * @param environment by its name there
   * @param algorithm by its name there, in small letters
   * @throws IOException if the file is no such file, or has no settings of that environment
   */
  public static ZooSettings read(Path file, String environment, String algorithm)
      throws IOException {
    if (!ALGORITHMS.contains(algorithm)) {
      throw new IOException(
          "the algorithm is %s but must be one of a2c, ddpg, dqn, ppo, sac, td3"
              .formatted(algorithm));
    }
    try {
      return of(environment, algorithm, find(file, environment));
    } catch (IllegalArgumentException e) { // a setting out of its range
      throw new IOException("%s, %s: %s".formatted(file, environment, e.getMessage()), e);
    }
  }

  private static Map<String, Object> find(Path file, String environment) throws IOException {
    Object loaded;
    try {
      LoadSettings settings =
          LoadSettings.builder()
              .setCodePointLimit(MOST_CHARACTERS)
              .setMaxAliasesForCollections(MOST_ALIASES)
              .setLabel(file.toString())
              .build();
      loaded = new Load(settings).loadFromString(Files.readString(file));
    } catch (YamlEngineException e) {
      throw new IOException(
          "%s is not valid YAML: %s"
              .formatted(file, String.valueOf(e.getMessage()).lines().findFirst().orElse("")),
          e);
    }
    if (!(loaded instanceof Map<?, ?> all)) {
      throw new IOException(file + " is no mapping from environments to settings");
    }
    if (all.get(environment) instanceof Map<?, ?> settings) {
      return merged(settings, 0);
    }
    List<String> names = all.keySet().stream().map(String::valueOf).toList();
    throw new IOException(
        "%s has no settings of %s%s"
            .formatted(
                file,
                environment,
                NearestName.of(environment, names)
                    .map(name -> "; did you mean " + name + "?")
                    .orElse("; it has " + String.join(", ", names))));
  }

  /** With those of the mapping that {@code <<} names, which are weaker. */
  private static Map<String, Object> merged(Map<?, ?> settings, int depth) throws IOException {
    Map<String, Object> all = new LinkedHashMap<>();
    if (depth > 10) {
      throw new IOException("the mappings that << names are nested deeper than 10 levels");
    }
    if (settings.get("<<") instanceof Map<?, ?> base) {
      all.putAll(merged(base, depth + 1));
    }
    for (Map.Entry<?, ?> entry : settings.entrySet()) {
      if (!"<<".equals(entry.getKey())) {
        all.put(String.valueOf(entry.getKey()), value(entry.getValue()));
      }
    }
    return all;
  }

  private static Object value(@Nullable Object yaml) {
    if (yaml == null) {
      return None.NONE;
    } else if (yaml instanceof String text && text.strip().matches("(?s)(dict\\(|[{\\[(]).*")) {
      try {
        return PythonLiteral.parse(text.strip());
      } catch (IOException e) {
        return text.strip(); // which has no twin, and is said to have none
      }
    }
    return yaml instanceof String text ? word(text) : yaml;
  }

  /** Of YAML 1.1, which PyYAML reads. */
  private static Object word(String text) {
    return switch (text) {
      case "True", "TRUE" -> true;
      case "False", "FALSE" -> false;
      case "None" -> None.NONE;
      default -> text;
    };
  }

  private static ZooSettings of(String environment, String algorithm, Map<String, Object> given)
      throws IOException {
    Settings settings = new Settings(given);
    settings.ignore(Set.of("policy"));
    Object policy = given.getOrDefault("policy", "MlpPolicy");
    boolean images = "CnnPolicy".equals(policy);
    if (!images && !"MlpPolicy".equals(policy)) {
      settings.lacksTwin("policy", "it is " + policy + ", not MlpPolicy or CnnPolicy");
    }
    long steps = settings.whole("n_timesteps", 1_000_000);
    int count = settings.integer("n_envs", 1);
    boolean scaled = !Set.of("ppo", "a2c").contains(algorithm);
    NormalizationConfig normalization = normalization(settings, scaled);
    EnvironmentConfig played = environment(environment, settings).withCount(count);
    AlgorithmSettings translated = new AlgorithmSettings(settings, steps);
    AlgorithmConfig learning = translated.algorithm(algorithm);
    NetworkConfig network = translated.network(algorithm, images, null);
    settings.leaveRest();
    if (learning == null) {
      throw new IOException("no algorithm here is like " + algorithm);
    }
    TrainingConfig config =
        TrainingConfig.defaults(played, learning)
            .withNetwork(network)
            .withNormalization(normalization);
    return new ZooSettings(
        algorithm.equals("ddpg") ? "td3" : algorithm,
        config.withStop(config.stop().withEnvironmentSteps(steps)),
        settings.withoutTwin());
  }

  private static EnvironmentConfig environment(String name, Settings settings) {
    boolean known = EnvironmentCatalogue.standard().names().contains(name);
    Object options = settings.take("env_kwargs");
    EnvironmentConfig environment = EnvironmentConfig.defaults(known ? name : "gymnasium:" + name);
    if (options instanceof Map<?, ?> map && !known) {
      Map<String, Object> arguments = new LinkedHashMap<>();
      map.forEach((key, value) -> arguments.put(String.valueOf(key), value));
      return environment.withOptions(arguments);
    } else if (options != null) {
      settings.lacksTwin("env_kwargs", "options here have other names; see environment.options");
    }
    return environment;
  }

  /** True for observations and rewards, or a dictionary of which. */
  private static NormalizationConfig normalization(Settings settings, boolean scaled) {
    Object value = settings.take(NORMALIZE);
    NormalizationConfig none = new NormalizationConfig(false, false, scaled, 10);
    if (value == null || Boolean.FALSE.equals(value)) {
      return none;
    } else if (Boolean.TRUE.equals(value)) {
      return none.withObservations(true).withRewards(true);
    } else if (value instanceof Map<?, ?> map) {
      Settings inner = new Settings(Map.of(NORMALIZE, map)).within(NORMALIZE);
      boolean observations = inner.flag("norm_obs", true);
      boolean rewards = inner.flag("norm_reward", true);
      double clip = inner.number("clip_obs", 10);
      double rewardClip = inner.number("clip_reward", 10);
      inner.ignore(Set.of("gamma", "training"));
      if (observations && rewards && clip != rewardClip) {
        inner.lacksTwin("clip_reward", "one number clips observations and rewards here");
      }
      inner.leaveRest();
      inner.withoutTwin().forEach(settings::lacksTwin);
      return new NormalizationConfig(
          observations, rewards, scaled, observations ? clip : rewardClip);
    }
    settings.lacksTwin(NORMALIZE, "it is " + Pickled.words(value));
    return none;
  }

  /** The configuration, without what has no twin. */
  public TrainingConfig config() {
    return config;
  }

  /** Which settings are left out and why, by key. */
  public Map<String, String> withoutTwin() {
    return Map.copyOf(withoutTwin);
  }

  /** A training file that says this configuration: what is not as usual. */
  public String yaml() {
    SortedMap<String, String> settings = ConfigWriter.settings(config, TrainingConfig.algorithms());
    SortedMap<String, String> usual = ConfigWriter.settings(usual(), TrainingConfig.algorithms());
    settings.entrySet().removeIf(entry -> entry.getValue().equals(usual.get(entry.getKey())));
    EnvironmentConfig environment = config.environment();
    settings.put(
        environment.isPython() ? "environment.gymnasium" : "environment.name",
        environment.isPython()
            ? environment.id().substring(environment.id().indexOf(':') + 1)
            : environment.id());
    boolean algorithmSaid =
        settings.keySet().stream().anyMatch(key -> key.startsWith("algorithm."));
    if (!algorithmSaid) {
      settings.put("algorithm", algorithm);
    }
    return nested(settings);
  }

  private TrainingConfig usual() {
    AlgorithmConfig learning =
        new AlgorithmSettings(new Settings(Map.of()), 1).algorithm(algorithm);
    return TrainingConfig.defaults(
        EnvironmentConfig.defaults(config.environment().id()), Objects.requireNonNull(learning));
  }

  /** Dotted keys as mappings in mappings. */
  private static String nested(SortedMap<String, String> settings) {
    Map<String, Object> tree = new TreeMap<>();
    settings.forEach(
        (key, value) -> {
          Map<String, Object> inner = tree;
          List<String> parts = List.of(key.split("\\."));
          for (String part : parts.subList(0, parts.size() - 1)) {
            inner = inner(inner, part);
          }
          inner.put(parts.get(parts.size() - 1), value);
        });
    StringBuilder yaml = new StringBuilder();
    append(yaml, tree, 0);
    return yaml.toString();
  }

  @SuppressWarnings("unchecked") // only such maps are in it
  private static Map<String, Object> inner(Map<String, Object> map, String key) {
    return (Map<String, Object>) map.computeIfAbsent(key, part -> new TreeMap<String, Object>());
  }

  private static void append(StringBuilder yaml, Map<?, ?> tree, int indent) {
    List<String> keys = new ArrayList<>();
    tree.keySet().forEach(key -> keys.add(String.valueOf(key)));
    for (String key : keys) {
      yaml.append(" ".repeat(indent)).append(key).append(':');
      Object value = tree.get(key);
      if (value instanceof Map<?, ?> inner) {
        yaml.append('\n');
        append(yaml, inner, indent + 2);
      } else {
        yaml.append(' ').append(value).append('\n');
      }
    }
  }
}
