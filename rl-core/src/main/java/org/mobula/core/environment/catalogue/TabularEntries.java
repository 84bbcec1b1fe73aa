package org.mobula.core.environment.catalogue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue.Entry;
import org.mobula.core.environment.classic.CartPole;
import org.mobula.core.environment.text.Blackjack;
import org.mobula.core.environment.text.CliffWalking;
import org.mobula.core.environment.text.FrozenLake;
import org.mobula.core.environment.text.GridRules;
import org.mobula.core.environment.text.GridWorld;
import org.mobula.core.environment.text.RepeatPrevious;
import org.mobula.core.environment.text.TMaze;
import org.mobula.core.environment.text.Taxi;

/** The problems of cells and cards; toy text under the names and with the defaults of Gymnasium. */
final class TabularEntries {
  private TabularEntries() {}

  static List<Entry> all() {
    return List.of(
        new Entry(
            "FrozenLake-v1",
            "Cross a slippery lake of 4 by 4 cells, or on a map of your own, without falling in.",
            100,
            lakeOptions("4x4"),
            TabularEntries::frozenLake),
        new Entry(
            "FrozenLake8x8-v1",
            "Cross a slippery lake of 8 by 8 cells without falling in.",
            200,
            lakeOptions("8x8"),
            TabularEntries::frozenLake),
        new Entry(
            "CliffWalking-v0",
            "Walk along a cliff without falling; the ground is firm.",
            0,
            Map.of(),
            options -> new CliffWalking()),
        new Entry(
            "CliffWalking-v1",
            "Walk along a cliff without falling; the ground is firm or slippery.",
            0,
            Map.of("is-slippery", false),
            options -> new CliffWalking(options.flag("is-slippery"))),
        new Entry(
            "Blackjack-v1",
            "Come closer to 21 than the dealer without going over.",
            0,
            Map.of("natural", false, "sab", true),
            options -> new Blackjack(options.flag("natural"), options.flag("sab"))),
        new Entry(
            "Taxi-v3",
            "Fetch a passenger in a small town and bring him where he wants to go.",
            200,
            Map.of("action-mask", false),
            options -> new Taxi(options.flag("action-mask"))),
        new Entry(
            "Taxi-v4",
            "Fetch a passenger, who may change his mind, and bring him through the rain.",
            200,
            Map.of(
                "action-mask", false,
                "is-rainy", false,
                "rainy-probability", 0.8,
                "fickle-passenger", false,
                "fickle-probability", 0.3),
            options ->
                new Taxi(
                    options.flag("action-mask"),
                    options.flag("is-rainy") ? options.number("rainy-probability") : 1,
                    options.flag("fickle-passenger") ? options.number("fickle-probability") : 0)),
        new Entry(
            "GridWorld-v0",
            "Reach a goal on a map of your own with walls and traps.",
            100,
            gridOptions(),
            TabularEntries::gridWorld),
        new Entry(
            "PositionOnlyCartPole-v1",
            "Balance a pole on a cart without seeing how fast they move: a task for a memory.",
            500,
            Map.of("sutton-barto-reward", false),
            options -> new CartPole(options.flag("sutton-barto-reward"), false)),
        new Entry(
            "TMaze-v0",
            "Turn up or down at the end of a corridor as a sign at its start said.",
            200,
            Map.of("length", 10L),
            options -> new TMaze(Math.toIntExact(options.integer("length")))),
        new Entry(
            "RepeatPrevious-v0",
            "Name the suit of the card that was shown some cards ago: a task for a memory.",
            0,
            Map.of("delay", 4L, "decks", 1L),
            options ->
                new RepeatPrevious(
                    Math.toIntExact(options.integer("delay")),
                    Math.toIntExact(options.integer("decks")))));
  }

  private static Map<String, Object> gridOptions() {
    GridRules rules = GridRules.defaults();
    return Map.of(
        "map", "S..#...G/.#.#.#../.#...#.X/...#....",
        "goal-reward", rules.goalReward(),
        "trap-reward", rules.trapReward(),
        "step-reward", rules.stepReward(),
        "slip", rules.slip(),
        "action-mask", rules.actionMask(),
        "one-goal", rules.oneGoal(),
        "picture", rules.picture());
  }

  private static Environment gridWorld(EnvironmentOptions options) {
    return new GridWorld(
        rows(options.text("map")),
        new GridRules(
            options.number("goal-reward"),
            options.number("trap-reward"),
            options.number("step-reward"),
            options.number("slip"),
            options.flag("action-mask"),
            options.flag("one-goal"),
            options.flag("picture")));
  }

  /** The rows of a map, which are parted by spaces, line ends or slashes. */
  private static List<String> rows(String map) {
    return List.of(map.strip().split("[/\\s]+"));
  }

  private static Map<String, Object> lakeOptions(String mapName) {
    Map<String, Object> options = new HashMap<>();
    options.put("map-name", mapName);
    options.put("map", "");
    options.put("size", 8L);
    options.put("frozen-probability", 0.8);
    options.put("map-seed", 0L);
    options.put("is-slippery", true);
    options.put("success-rate", 1.0 / 3);
    options.put("goal-reward", 1.0);
    options.put("hole-reward", 0.0);
    options.put("frozen-reward", 0.0);
    return options;
  }

  private static Environment frozenLake(EnvironmentOptions options) {
    String name = options.text("map-name");
    String own = options.text("map");
    List<String> map;
    if (!own.isBlank()) {
      map = rows(own);
    } else if (name.equals("random")) {
      map =
          FrozenLake.randomMap(
              Math.toIntExact(options.integer("size")),
              options.number("frozen-probability"),
              options.integer("map-seed"));
    } else {
      map = FrozenLake.map(name);
    }
    return new FrozenLake(
        map,
        options.flag("is-slippery") ? options.number("success-rate") : 1,
        options.number("goal-reward"),
        options.number("hole-reward"),
        options.number("frozen-reward"));
  }
}
