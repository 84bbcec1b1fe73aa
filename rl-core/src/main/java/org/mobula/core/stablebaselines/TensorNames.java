package org.mobula.core.stablebaselines;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which of Stable-Baselines3's tensors are a tensor of ours; several lie one after the other along
 * the first axis. Layers there are numbered with the activations between them.
 *
 * @param algorithm its key here
 * @param hidden layers of a head before its last
 */
record TensorNames(String algorithm, int hidden) {
  private static final Pattern LAYER = Pattern.compile("([a-z0-9-]+)\\.(\\d+)\\.(weight|bias)");
  private static final Pattern CRITIC =
      Pattern.compile("critics\\.critic-(\\d+)\\.(\\d+)\\.(weight|bias)");
  private static final Map<String, String> CONSTANTS =
      Map.of("log_deviation", "log_std", "temperature.log_temperature", "log_ent_coef");

  private static final String EXTRACTOR = "features_extractor.";

  /** Their names of our tensor. */
  List<String> theirs(String ours) {
    String constant = CONSTANTS.get(ours);
    if (constant != null) {
      return List.of(constant);
    }
    Matcher critic = CRITIC.matcher(ours);
    if (critic.matches()) {
      int number = Integer.parseInt(critic.group(1)) - 1;
      return List.of(layer("critic.qf" + number, critic.group(2)) + "." + critic.group(3));
    }
    Matcher layer = LAYER.matcher(ours);
    if (!layer.matches()) {
      throw new IllegalArgumentException("no tensor there is like " + ours);
    }
    List<String> names = new ArrayList<>();
    for (String name : layers(layer.group(1), layer.group(2))) {
      names.add(name + "." + layer.group(3));
    }
    return names;
  }

  private List<String> layers(String group, String index) {
    boolean last = index.equals(String.valueOf(hidden));
    String network = algorithm.equals("dqn") ? "q_net." : "";
    return switch (group) {
      case "convolution" -> List.of(layer(network + EXTRACTOR + "cnn", index));
      case "trunk" -> List.of(network + EXTRACTOR + "linear." + index);
      case "q" -> List.of(layer("q_net.q_net", index));
      case "value" -> List.of(last ? "value_net" : layer("mlp_extractor.value_net", index));
      default ->
          switch (algorithm) {
            case "sac" ->
                last
                    ? List.of("actor.mu", "actor.log_std")
                    : List.of(layer("actor.latent_pi", index));
            case "td3" -> List.of(layer("actor.mu", index));
            default -> List.of(last ? "action_net" : layer("mlp_extractor.policy_net", index));
          };
    };
  }

  private static String layer(String name, String index) {
    return name + "." + 2 * Integer.parseInt(index);
  }
}
