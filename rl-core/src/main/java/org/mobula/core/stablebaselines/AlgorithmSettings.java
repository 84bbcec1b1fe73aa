package org.mobula.core.stablebaselines;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.mobula.core.algorithm.ActionNoise;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.ReplayConfig;
import org.mobula.core.algorithm.a2c.A2cConfig;
import org.mobula.core.algorithm.dqn.DqnConfig;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.algorithm.sac.SacConfig;
import org.mobula.core.algorithm.td3.Td3Config;
import org.mobula.core.network.Activation;
import org.mobula.core.network.ConvolutionSpec;
import org.mobula.core.optimizer.OptimizerConfig;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.policy.ActionValues;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.NetworkPreset;
import org.mobula.core.stablebaselines.Pickled.Described;
import org.mobula.core.stablebaselines.Pickled.Named;
import org.mobula.core.stablebaselines.Pickled.Numbers;

/**
 * An algorithm's settings, and its network's, from those of Stable-Baselines3 2.9. What is not said
 * is as usual there.
 */
final class AlgorithmSettings {
  private static final String POLICY_ARGUMENTS = "policy_kwargs";
  private static final String CODE = "features_extractor_class";
  private static final int NATURE_FEATURES = 512;

  /** How much is kept in memory, printed and logged. */
  private static final Set<String> OF_NO_ACCOUNT =
      Set.of(
          "verbose",
          "device",
          "tensorboard_log",
          "stats_window_size",
          "optimize_memory_usage",
          "sde_sample_freq",
          "use_sde_at_warmup",
          "rollout_buffer_class",
          "replay_buffer_class");

  private final Settings settings;
  private final Settings policy;
  private final long steps;

  /**
   * Reads settings.
   *
   * @param steps environment steps of the whole training, of which exploration takes a share
   */
  AlgorithmSettings(Settings settings, long steps) {
    this.settings = settings;
    this.policy = settings.within(POLICY_ARGUMENTS);
    this.steps = steps;
    settings.ignore(OF_NO_ACCOUNT);
  }

  /** The algorithm by its key here; null for one that is not built in. */
  @Nullable AlgorithmConfig algorithm(String name) {
    if (settings.flag("use_sde", false)) {
      settings.lacksTwin("use_sde", "no policy here explores by noise that depends on the state");
    }
    return switch (name) {
      case "ppo" -> ppo();
      case "a2c" -> a2c();
      case "dqn" -> dqn();
      case "sac" -> sac();
      case "td3" -> td3(Td3Config.defaults());
      case "ddpg" -> td3(Td3Config.ddpg());
      default -> null;
    };
  }

  private PpoConfig ppo() {
    PpoConfig usual = PpoConfig.defaults();
    return new PpoConfig(
        settings.integer("n_steps", usual.steps()),
        settings.integer("batch_size", usual.minibatchSize()),
        settings.integer("n_epochs", usual.epochs()),
        settings.number("gamma", usual.discount()),
        settings.number("gae_lambda", usual.gaeLambda()),
        settings.schedule("learning_rate", usual.learningRate()),
        settings.schedule("clip_range", usual.clipRange()),
        valueClipRange(),
        settings.flag("normalize_advantage", usual.normalizeAdvantages()),
        settings.number("ent_coef", usual.entropyCoefficient()),
        settings.number("vf_coef", usual.valueCoefficient()),
        settings.number("max_grad_norm", usual.maxGradientNorm()),
        settings.number("target_kl", 0),
        policy.number("log_std_init", 0),
        optimizer(usual.optimizer()));
  }

  private double valueClipRange() {
    Schedule range = settings.schedule("clip_range_vf", Schedule.constant(0));
    if (range instanceof Schedule.Constant constant) {
      return Math.max(0, constant.value());
    }
    settings.lacksTwin("clip_range_vf", "it changes over the run, which ours does not");
    return 0;
  }

  private A2cConfig a2c() {
    A2cConfig usual = A2cConfig.defaults();
    boolean rmsProp = settings.flag("use_rms_prop", true);
    double epsilon = settings.number("rms_prop_eps", 1e-5);
    OptimizerConfig optimizer =
        rmsProp
            ? new OptimizerConfig.RmsProp(0.99, epsilon, 0, false, 0, Map.of())
            : new OptimizerConfig.Adam(0.9, 0.999, 1e-5, 0, false, Map.of());
    return new A2cConfig(
        settings.integer("n_steps", usual.steps()),
        settings.number("gamma", usual.discount()),
        settings.number("gae_lambda", usual.gaeLambda()),
        settings.schedule("learning_rate", usual.learningRate()),
        settings.flag("normalize_advantage", usual.normalizeAdvantages()),
        settings.number("ent_coef", usual.entropyCoefficient()),
        settings.number("vf_coef", usual.valueCoefficient()),
        settings.number("max_grad_norm", usual.maxGradientNorm()),
        policy.number("log_std_init", 0),
        optimizer(optimizer));
  }

  private DqnConfig dqn() {
    DqnConfig usual = DqnConfig.defaults();
    double fraction = settings.number("exploration_fraction", 0.1);
    return new DqnConfig(
        trainFrequency(usual.trainFrequency()),
        settings.integer("gradient_steps", usual.gradientSteps()),
        settings.integer("learning_starts", usual.warmUpSteps()),
        settings.integer("batch_size", usual.minibatchSize()),
        settings.number("gamma", usual.discount()),
        settings.schedule("learning_rate", usual.learningRate()),
        settings.integer("target_update_interval", usual.targetInterval()),
        settings.number("tau", usual.targetRate()),
        settings.number("exploration_initial_eps", usual.initialExploration()),
        settings.number("exploration_final_eps", usual.finalExploration()),
        Math.max(1, Math.round(fraction * steps)),
        false,
        false,
        new ActionValues.ExpectedReturn(),
        settings.number("max_grad_norm", usual.maxGradientNorm()),
        replay(),
        optimizer(usual.optimizer()));
  }

  private SacConfig sac() {
    SacConfig usual = SacConfig.defaults();
    Object temperature = settings.take("ent_coef");
    boolean automatic = temperature == null || String.valueOf(temperature).startsWith("auto");
    Double start =
        automatic
            ? Settings.asNumber(String.valueOf(temperature).replaceFirst("^auto_", ""))
            : Settings.asNumber(temperature);
    if (start == null && !automatic) {
      settings.lacksTwin("ent_coef", "it is " + Pickled.words(String.valueOf(temperature)));
    }
    Object target = settings.take("target_entropy");
    Double entropy = Settings.asNumber(target);
    if (target != null && entropy == null && !target.equals("auto")) {
      settings.lacksTwin("target_entropy", "it is " + Pickled.words(target));
    }
    return new SacConfig(
        trainFrequency(usual.trainFrequency()),
        settings.integer("gradient_steps", usual.gradientSteps()),
        settings.integer("learning_starts", usual.warmUpSteps()),
        settings.integer("batch_size", usual.minibatchSize()),
        settings.number("gamma", usual.discount()),
        settings.schedule("learning_rate", usual.learningRate()),
        settings.number("tau", usual.targetRate()),
        settings.integer("target_update_interval", usual.targetInterval()),
        start == null ? usual.temperature() : start,
        automatic,
        entropy,
        policy.integer("n_critics", usual.critics()),
        noise(),
        0,
        replay(),
        optimizer(usual.optimizer()));
  }

  private Td3Config td3(Td3Config usual) {
    return new Td3Config(
        trainFrequency(usual.trainFrequency()),
        settings.integer("gradient_steps", usual.gradientSteps()),
        settings.integer("learning_starts", usual.warmUpSteps()),
        settings.integer("batch_size", usual.minibatchSize()),
        settings.number("gamma", usual.discount()),
        settings.schedule("learning_rate", usual.learningRate()),
        settings.number("tau", usual.targetRate()),
        settings.integer("policy_delay", usual.policyDelay()),
        settings.number("target_policy_noise", usual.targetNoise()),
        settings.number("target_noise_clip", usual.targetNoiseClip()),
        policy.integer("n_critics", usual.critics()),
        noise(),
        0,
        replay(),
        optimizer(usual.optimizer()));
  }

  private ReplayConfig replay() {
    ReplayConfig usual = ReplayConfig.defaults();
    Settings arguments = settings.within("replay_buffer_kwargs");
    arguments.ignore(Set.of("handle_timeout_termination", "n_steps", "gamma"));
    arguments.leaveRest();
    return usual
        .withCapacity(settings.integer("buffer_size", usual.capacity()))
        .withReturnSteps(settings.integer("n_steps", 1));
  }

  /** A number of steps, alone or with the word; as many as an episode has are not known here. */
  private int trainFrequency(int usual) {
    Object value = settings.take("train_freq");
    Object count = value;
    Object unit = "step";
    if (value instanceof List<?> both && both.size() == 2) {
      count = both.get(0);
      unit = both.get(1);
    } else if (value instanceof Described described && described.arguments.size() == 2) {
      count = described.arguments.get(0);
      unit = described.arguments.get(1);
    }
    if (unit instanceof Described named && named.arguments.size() == 1) {
      unit = named.arguments.get(0);
    }
    Double number = Settings.asNumber(count);
    if (value != null && (number == null || !"step".equals(unit) || number < 1)) {
      settings.lacksTwin(
          "train_freq", "learning here comes after a number of steps, not after an episode");
      return usual;
    }
    return number == null ? usual : number.intValue();
  }

  private @Nullable ActionNoise noise() {
    Object type = settings.take("noise_type"); // rl-zoo3's
    double deviation = settings.number("noise_std", 0);
    Object object = settings.take("action_noise"); // Stable-Baselines3's
    if (object instanceof Described described) {
      return noise(described);
    } else if (object != null) {
      settings.lacksTwin("action_noise", "it is " + Pickled.words(object));
    }
    if (type == null) {
      return null;
    }
    return switch (type.toString().strip()) {
      case "normal" -> new ActionNoise.Gaussian(deviation);
      case "ornstein-uhlenbeck" -> new ActionNoise.OrnsteinUhlenbeck(deviation, 0.15, 1e-2);
      default -> {
        settings.lacksTwin("noise_type", "it is " + type);
        yield null;
      }
    };
  }

  private @Nullable ActionNoise noise(Described noise) {
    Double deviation = same(noise.get("_sigma"));
    Double mean = same(noise.get("_mu"));
    if (deviation != null && mean != null && mean == 0) {
      if (noise.type.endsWith(".NormalActionNoise")) {
        return new ActionNoise.Gaussian(deviation);
      }
      Double pull = Settings.asNumber(noise.get("_theta"));
      Double timeStep = Settings.asNumber(noise.get("_dt"));
      if (pull != null && timeStep != null) {
        return new ActionNoise.OrnsteinUhlenbeck(deviation, pull, timeStep);
      }
    }
    settings.lacksTwin(
        "action_noise", "only noise around zero, of one deviation for all numbers, is taken over");
    return null;
  }

  /** The number that all of an array are. */
  private static @Nullable Double same(@Nullable Object value) {
    if (value instanceof Numbers numbers && numbers.values().length > 0) {
      double first = numbers.values()[0];
      for (double number : numbers.values()) {
        if (number != first) {
          return null;
        }
      }
      return first;
    }
    return Settings.asNumber(value);
  }

  private OptimizerConfig optimizer(OptimizerConfig usual) {
    Object type = policy.take("optimizer_class");
    String name = nameOf(type);
    Settings arguments = policy.within("optimizer_kwargs");
    OptimizerConfig kind =
        switch (name) {
          case "" -> usual;
          case "Adam" -> new OptimizerConfig.Adam(0.9, 0.999, 1e-8, 0, false, Map.of());
          case "AdamW" -> OptimizerConfig.AdamW.defaults();
          case "RMSprop" -> OptimizerConfig.RmsProp.defaults();
          case "SGD" -> OptimizerConfig.Sgd.defaults();
          default -> {
            policy.lacksTwin("optimizer_class", "no optimizer here is like " + name);
            yield usual;
          }
        };
    OptimizerConfig optimizer = withArguments(kind, arguments);
    arguments.leaveRest();
    return optimizer;
  }

  private static OptimizerConfig withArguments(OptimizerConfig kind, Settings given) {
    double decay = given.number("weight_decay", kind.weightDecay());
    double beta1 = 0.9;
    double beta2 = 0.999;
    if (given.take("betas") instanceof List<?> betas && betas.size() == 2) {
      Double first = Settings.asNumber(betas.get(0));
      Double second = Settings.asNumber(betas.get(1));
      beta1 = first == null ? beta1 : first;
      beta2 = second == null ? beta2 : second;
    }
    if (kind instanceof OptimizerConfig.Adam adam) {
      return new OptimizerConfig.Adam(
          beta1,
          beta2,
          given.number("eps", adam.epsilon()),
          decay,
          given.flag("amsgrad", false),
          Map.of());
    } else if (kind instanceof OptimizerConfig.AdamW adam) {
      return new OptimizerConfig.AdamW(
          beta1,
          beta2,
          given.number("eps", adam.epsilon()),
          decay,
          given.flag("amsgrad", false),
          Map.of());
    } else if (kind instanceof OptimizerConfig.RmsProp rmsProp) {
      return new OptimizerConfig.RmsProp(
          given.number("alpha", rmsProp.alpha()),
          given.number("eps", rmsProp.epsilon()),
          given.number("momentum", 0),
          given.flag("centered", false),
          decay,
          Map.of());
    }
    return new OptimizerConfig.Sgd(
        given.number("momentum", 0),
        given.number("dampening", 0),
        given.flag("nesterov", false),
        decay,
        Map.of());
  }

  /** The last part of a class's name: {@code ReLU} of {@code torch.nn.ReLU}. */
  private static String nameOf(@Nullable Object type) {
    String name = type instanceof Named named ? named.name() : type == null ? "" : type.toString();
    return name.substring(name.lastIndexOf('.') + 1);
  }

  /**
   * The network.
   *
   * @param algorithm its key here
   * @param images whether it is a CnnPolicy
   * @param hidden widths of the hidden layers, where they are known; else they are as the settings
   *     say
   */
  NetworkConfig network(String algorithm, boolean images, @Nullable List<Integer> hidden) {
    boolean actorCritic = algorithm.equals("ppo") || algorithm.equals("a2c");
    Activation activation = activation(actorCritic ? Activation.TANH : Activation.RELU);
    boolean orthogonal = policy.flag("ortho_init", true) && actorCritic;
    List<Integer> said = widths(images ? List.of() : usualWidths(algorithm));
    List<Integer> widths = hidden == null ? said : hidden;
    int features = features(images);
    policy.ignore(Set.of("optimizer_class", "optimizer_kwargs", "n_critics", "log_std_init"));
    policy.ignore(Set.of("use_sde", "share_features_extractor", "normalize_images"));
    policy.leaveRest();
    NetworkConfig network = NetworkConfig.defaults().withOrthogonal(orthogonal);
    if (!images) {
      return network.withHidden(widths).withActivation(activation);
    }
    if (!widths.isEmpty()) {
      policy.lacksTwin(
          "net_arch",
          "layers behind those of a CnnPolicy's pictures are shared here, or not there");
    }
    return features == NATURE_FEATURES
        ? network.withPreset(NetworkPreset.NATURE_CNN)
        : network
            .withConvolutions(ConvolutionSpec.nature())
            .withHidden(List.of(features))
            .withActivation(Activation.RELU)
            .withShared(true);
  }

  private static List<Integer> usualWidths(String algorithm) {
    return switch (algorithm) {
      case "sac" -> List.of(256, 256);
      case "td3", "ddpg" -> List.of(400, 300);
      default -> List.of(64, 64);
    };
  }

  private int features(boolean images) {
    String extractor = nameOf(policy.take(CODE));
    Settings arguments = policy.within("features_extractor_kwargs");
    int features = images ? arguments.integer("features_dim", NATURE_FEATURES) : 0;
    arguments.ignore(Set.of("normalized_image"));
    arguments.leaveRest();
    if (!extractor.isEmpty() && !extractor.equals(images ? "NatureCNN" : "FlattenExtractor")) {
      policy.lacksTwin(CODE, "no network here is like " + extractor);
    }
    return features;
  }

  private Activation activation(Activation usual) {
    String name = nameOf(policy.take("activation_fn"));
    return switch (name) {
      case "" -> usual;
      case "Tanh" -> Activation.TANH;
      case "ReLU" -> Activation.RELU;
      case "ELU" -> Activation.ELU;
      case "SiLU" -> Activation.SILU;
      case "GELU" -> Activation.GELU;
      case "Identity" -> Activation.IDENTITY;
      default -> {
        policy.lacksTwin("activation_fn", "no activation here is like " + name);
        yield usual;
      }
    };
  }

  /** One list for all, or one for the policy and an equal one for values. */
  private List<Integer> widths(List<Integer> usual) {
    Object value = policy.take("net_arch");
    if (value instanceof List<?> list && list.size() == 1 && list.get(0) instanceof Map<?, ?> map) {
      value = map; // as before version 1.8
    }
    if (value == null) {
      return usual;
    }
    List<Integer> widths = Settings.asWidths(value);
    if (value instanceof Map<?, ?> both) {
      widths = Settings.asWidths(both.get("pi"));
      Object values = both.containsKey("vf") ? both.get("vf") : both.get("qf");
      if (widths != null && !widths.equals(Settings.asWidths(values))) {
        policy.lacksTwin("net_arch", "policy and values have the same hidden widths here");
        return usual;
      }
    }
    if (widths == null) {
      policy.lacksTwin("net_arch", "it is " + Pickled.words(value));
      return usual;
    }
    return widths;
  }
}
