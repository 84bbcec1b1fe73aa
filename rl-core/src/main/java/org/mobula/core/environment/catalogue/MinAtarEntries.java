package org.mobula.core.environment.catalogue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue.Entry;
import org.mobula.core.environment.minatar.Asterix;
import org.mobula.core.environment.minatar.Breakout;
import org.mobula.core.environment.minatar.Freeway;
import org.mobula.core.environment.minatar.MinAtarRules;
import org.mobula.core.environment.minatar.Seaquest;
import org.mobula.core.environment.minatar.SpaceInvaders;

/** MinAtar's games, under the names that its package registers. */
final class MinAtarEntries {
  private static final String RAMPING = "ramping";

  private MinAtarEntries() {}

  static List<Entry> all() {
    return List.of(
        new Entry(
            "MinAtar/Breakout-v1",
            "Keep a ball in the air that breaks bricks, on 10 by 10 cells.",
            0,
            options(false),
            options -> new Breakout(rules(options))),
        new Entry(
            "MinAtar/Asterix-v1",
            "Gather gold and avoid enemies, on 10 by 10 cells.",
            0,
            options(true),
            options -> new Asterix(rules(options))),
        new Entry(
            "MinAtar/Freeway-v1",
            "Cross a road with eight lanes, on 10 by 10 cells.",
            0,
            options(false),
            options -> new Freeway(rules(options))),
        new Entry(
            "MinAtar/Seaquest-v1",
            "Shoot enemies, save divers and surface for oxygen, on 10 by 10 cells.",
            0,
            options(true),
            options -> new Seaquest(rules(options))),
        new Entry(
            "MinAtar/SpaceInvaders-v1",
            "Shoot aliens that come nearer and shoot back, on 10 by 10 cells.",
            0,
            options(true),
            options -> new SpaceInvaders(rules(options))));
  }

  private static Map<String, Object> options(boolean ramps) {
    MinAtarRules rules = MinAtarRules.defaults();
    Map<String, Object> options = new HashMap<>();
    options.put("sticky-action-probability", rules.stickyActionProbability());
    options.put("minimal-actions", rules.minimalActions());
    if (ramps) {
      options.put(RAMPING, rules.ramping());
    }
    return options;
  }

  private static MinAtarRules rules(EnvironmentOptions options) {
    return new MinAtarRules(
        options.number("sticky-action-probability"),
        options.values().containsKey(RAMPING) && options.flag(RAMPING),
        options.flag("minimal-actions"));
  }
}
