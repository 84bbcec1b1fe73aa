package org.mobula.cli.composition;

import java.util.List;
import java.util.Optional;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.space.Space;

/** Whether a trained policy fits where it is to be used; if not, why, in one line. */
public final class PolicyFit {
  private PolicyFit() {}

  /** Between a policy and the spaces of an environment. */
  public static Optional<String> misfit(
      PolicySpec policy, String environment, Space observationSpace, Space actionSpace) {
    if (!policy.observationSpace().equals(observationSpace)) {
      return Optional.of(
          "the policy observes %s but %s shows %s"
              .formatted(
                  policy.observationSpace(),
                  environment,
                  told(observationSpace, policy.observationSpace())));
    } else if (!policy.actionSpace().equals(actionSpace)) {
      return Optional.of(
          "the policy acts in %s but %s takes actions in %s"
              .formatted(
                  policy.actionSpace(), environment, told(actionSpace, policy.actionSpace())));
    }
    return Optional.empty();
  }

  /** Between the policy of a checkpoint and the one that a configuration asks for. */
  public static Optional<String> misfit(PolicySpec checkpoint, PolicySpec configured) {
    if (checkpoint.isTrainableAs(configured)) {
      return Optional.empty();
    }
    List<ParameterLayout.Entry> saved = checkpoint.network().layout().entries();
    List<ParameterLayout.Entry> asked = configured.network().layout().entries();
    for (int i = 0; i < Math.min(saved.size(), asked.size()); i++) {
      if (!saved.get(i).name().equals(asked.get(i).name())
          || !saved.get(i).shape().equals(asked.get(i).shape())) {
        return Optional.of(
            "the checkpoint's network has %s but the configuration asks for %s"
                .formatted(told(saved.get(i)), told(asked.get(i))));
      }
    }
    if (saved.size() != asked.size()) {
      return Optional.of(
          "the checkpoint's network has %s parameter arrays but the configuration asks for %s"
              .formatted(saved.size(), asked.size()));
    }
    return Optional.of("the configuration asks for another kind of network than the checkpoint's");
  }

  private static String told(ParameterLayout.Entry entry) {
    return entry.name() + " " + entry.shape();
  }

  private static String told(Space space, Space other) {
    boolean alike = space.toString().equals(other.toString());
    return alike ? space + " with other bounds" : space.toString();
  }
}
