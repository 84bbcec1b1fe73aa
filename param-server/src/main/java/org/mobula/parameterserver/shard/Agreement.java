package org.mobula.parameterserver.shard;

import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The settings that a run's shards and learners must share: optimizer, algorithm, network,
 * environment, consistency. What each learner may choose for itself is not among them, such as how
 * many environments it has.
 *
 * <p>The seed decides the first parameters and is asked of the run's own trainer alone: a learner
 * that joins has one of its own, and leaves it out.
 *
 * @param text a line {@code key: value} for each, in the order of the keys; empty says nothing, and
 *     fits everything
 */
public record Agreement(String text) implements Serializable {
  /** Of shards or workers that are used without a training configuration. */
  public static final Agreement NONE = new Agreement("");

  private static final String SEED = "seed";
  private static final int DIGEST_DIGITS = 16;

  /** Of these settings by their keys. */
  public static Agreement of(SortedMap<String, String> settings) {
    return new Agreement(
        settings.entrySet().stream()
            .map(each -> each.getKey() + ": " + each.getValue() + "\n")
            .collect(Collectors.joining()));
  }

  /** What a learner that joins a run has to share with it. */
  public Agreement withoutSeed() {
    SortedMap<String, String> settings = settings();
    settings.remove(SEED);
    return of(settings);
  }

  /**
   * The first 16 hexadecimal digits of the SHA-256 of all but the seed, in UTF-8; empty where
   * nothing is said.
   */
  public String digest() {
    if (text.isEmpty()) {
      return "";
    }
    try {
      byte[] bytes = withoutSeed().text.getBytes(StandardCharsets.UTF_8);
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(bytes);
      return HexFormat.of().formatHex(hash).substring(0, DIGEST_DIGITS);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /**
   * Where a worker's settings are not these.
   *
   * @param worker what the worker says; without a seed, that one is not compared
   * @return a phrase for each key, in their order, such as {@code algorithm.ppo.discount is 0 but
   *     0.99 at the shard}
   */
  public List<String> differences(Agreement worker) {
    List<String> differences = new ArrayList<>();
    if (text.isEmpty() || worker.text.isEmpty() || text.equals(worker.text)) {
      return differences;
    }
    Map<String, String> own = settings();
    Map<String, String> others = worker.settings();
    if (!others.containsKey(SEED)) {
      own.remove(SEED);
    }
    TreeSet<String> keys = new TreeSet<>(own.keySet());
    keys.addAll(others.keySet());
    for (String key : keys) {
      String mine = own.getOrDefault(key, "nothing");
      String other = others.getOrDefault(key, "nothing");
      if (!mine.equals(other)) {
        differences.add("%s is %s but %s at the shard".formatted(key, other, mine));
      }
    }
    return differences;
  }

  private SortedMap<String, String> settings() {
    SortedMap<String, String> settings = new TreeMap<>();
    text.lines()
        .forEach(
            line -> {
              int end = Math.max(0, line.indexOf(": "));
              settings.put(
                  line.substring(0, end), line.substring(Math.min(line.length(), end + 2)));
            });
    return settings;
  }
}
