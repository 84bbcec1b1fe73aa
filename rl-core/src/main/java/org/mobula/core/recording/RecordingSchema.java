package org.mobula.core.recording;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.mobula.core.parquet.ParquetColumn.Form;
import org.mobula.core.parquet.ParquetColumn.Kind;
import org.mobula.core.parquet.ParquetColumn.Shape;
import org.mobula.core.policy.PolicyFile;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;

/**
 * The columns of recordings, whoever makes them. {@code steps/} has a row for each action: {@link
 * #STEP}, then what was observed and answered, by name. {@code rewards/} has what came of actions,
 * {@link #REWARD}, joined by {@code id} and {@code row}: it may come later, and in parts.
 */
public final class RecordingSchema {
  /** The folder of the actions. */
  public static final String STEPS = "steps";

  /** The folder of what came of them. */
  public static final String REWARDS = "rewards";

  /** What was observed, as a flat list. */
  public static final String OBSERVATION = "observation";

  /** Which choices were allowed, as a list of 0 and 1. */
  public static final String MASK = "mask";

  /** The action: a whole number of a discrete space, else a flat list. */
  public static final String ACTION = "action";

  /** The action's log-probability under the policy that acted. */
  public static final String LOG_PROBABILITY = "log_probability";

  /** The value that the policy expected. */
  public static final String VALUE = "value";

  /** What the last step of an episode led to, as a flat list; empty in each other row. */
  public static final String FINAL_OBSERVATION = "final_observation";

  /** What each row about an action begins with. */
  public static final List<Form> STEP =
      List.of(
          new Form("id", Kind.TEXT),
          new Form("row", Kind.INT32),
          new Form("time", Kind.TIME),
          new Form("model", Kind.TEXT),
          new Form("version", Kind.TEXT),
          new Form("session", Kind.TEXT, Shape.OPTIONAL),
          new Form("request_id", Kind.TEXT, Shape.OPTIONAL),
          new Form("deterministic", Kind.BOOLEAN));

  /** What each row about what came of an action has. */
  public static final List<Form> REWARD =
      List.of(
          new Form("id", Kind.TEXT),
          new Form("row", Kind.INT32),
          new Form("time", Kind.TIME),
          new Form("reward", Kind.DOUBLE),
          new Form("terminated", Kind.BOOLEAN),
          new Form("truncated", Kind.BOOLEAN));

  static final String OBSERVATION_SPACE = "mobula.observation-space";
  static final String ACTION_SPACE = "mobula.action-space";

  private RecordingSchema() {}

  /** What a file says of the spaces of its rows, so that readers need not be told. */
  public static Map<String, String> metadata(Space observationSpace, Space actionSpace) {
    return Map.of(
        OBSERVATION_SPACE, PolicyFile.json(observationSpace),
        ACTION_SPACE, PolicyFile.json(actionSpace));
  }

  static Form action(Space space) {
    boolean real = hasBox(space);
    return new Form(
        ACTION,
        real ? Kind.FLOAT : Kind.INT64,
        space instanceof Discrete || (space instanceof Box box && box.shape().length == 0)
            ? Shape.SINGLE
            : Shape.LIST);
  }

  static boolean hasBox(Space space) {
    return space.leaves().stream().anyMatch(Box.class::isInstance);
  }

  /** What is added to each number of an action: choices count from their space's first value. */
  static int[] starts(Space space) {
    return space.leaves().stream()
        .flatMapToInt(
            leaf ->
                IntStream.generate(() -> leaf instanceof Discrete choice ? choice.start() : 0)
                    .limit(leaf.size()))
        .toArray();
  }
}
