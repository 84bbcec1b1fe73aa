package org.mobula.core.environment.catalogue;

import java.util.List;
import java.util.Map;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.box2d.BipedalWalker;
import org.mobula.core.environment.box2d.LunarLander;
import org.mobula.core.environment.box2d.LunarLanderRules;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue.Entry;

/** Rigid bodies, under the names and with the defaults of Gymnasium. */
final class Box2dEntries {
  private Box2dEntries() {}

  static List<Entry> all() {
    return List.of(
        new Entry(
            "LunarLander-v3",
            "Land between two flags with engines that are off or on, or with a throttle.",
            1000,
            landing(false),
            Box2dEntries::lander),
        new Entry(
            "LunarLanderContinuous-v3",
            "Land between two flags with engines that have a throttle.",
            1000,
            landing(true),
            Box2dEntries::lander),
        new Entry(
            "BipedalWalker-v3",
            "Walk on two legs over ground that is a little uneven.",
            1600,
            Map.of("hardcore", false),
            Box2dEntries::walker),
        new Entry(
            "BipedalWalkerHardcore-v3",
            "Walk on two legs over stumps, stairs and pits.",
            2000,
            Map.of("hardcore", true),
            Box2dEntries::walker));
  }

  private static Map<String, Object> landing(boolean continuous) {
    LunarLanderRules rules = LunarLanderRules.defaults();
    return Map.of(
        "continuous", continuous,
        "gravity", rules.gravity(),
        "enable-wind", rules.enableWind(),
        "wind-power", rules.windPower(),
        "turbulence-power", rules.turbulencePower());
  }

  private static Environment walker(EnvironmentOptions options) {
    return new BipedalWalker(options.flag("hardcore"));
  }

  private static Environment lander(EnvironmentOptions options) {
    return new LunarLander(
        new LunarLanderRules(
            options.flag("continuous"),
            options.number("gravity"),
            options.flag("enable-wind"),
            options.number("wind-power"),
            options.number("turbulence-power")));
  }
}
