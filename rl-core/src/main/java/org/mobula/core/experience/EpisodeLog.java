package org.mobula.core.experience;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * Returns and lengths of finished episodes, and what the environments told at their ends; grows,
 * and is used again without garbage.
 */
public final class EpisodeLog implements Serializable {
  private static final long serialVersionUID = 1L;

  private double[] returns = new double[16];
  private int[] lengths = new int[16];
  private int count;

  /** By name the sum of the numbers and how many there were; merged in the order of the calls. */
  private final TreeMap<String, double[]> facts = new TreeMap<>();

  /** Number of episodes. */
  public int count() {
    return count;
  }

  /** Undiscounted sum of the rewards of episode {@code index}. */
  public double episodeReturn(int index) {
    return returns[checked(index)];
  }

  /** Steps of episode {@code index}. */
  public int length(int index) {
    return lengths[checked(index)];
  }

  /** Adds an episode. */
  public void add(double episodeReturn, int length) {
    if (count == returns.length) {
      returns = Arrays.copyOf(returns, 2 * count);
      lengths = Arrays.copyOf(lengths, 2 * count);
    }
    returns[count] = episodeReturn;
    lengths[count] = length;
    count++;
  }

  /**
   * Adds what the environment told at the end of an episode: the numbers in it, and truths as 1 and
   * 0.
   */
  public void addFacts(Map<String, Object> info) {
    info.forEach(
        (name, value) -> {
          if (value instanceof Number number) {
            addFact(name, number.doubleValue(), 1);
          } else if (value instanceof Boolean truth) {
            addFact(name, truth ? 1 : 0, 1);
          }
        });
  }

  private void addFact(String name, double sum, double episodes) {
    double[] fact = facts.computeIfAbsent(name, unused -> new double[2]);
    fact[0] += sum;
    fact[1] += episodes;
  }

  /** The mean of each fact over the episodes at whose ends it was told, by name. */
  public Map<String, Double> factMeans() {
    Map<String, Double> means = new TreeMap<>();
    facts.forEach((name, fact) -> means.put(name, fact[0] / fact[1]));
    return means;
  }

  /** Adds all episodes of another log, in their order. */
  public void addAll(EpisodeLog other) {
    for (int i = 0; i < other.count; i++) {
      add(other.returns[i], other.lengths[i]);
    }
    other.facts.forEach((name, fact) -> addFact(name, fact[0], fact[1]));
  }

  /** Forgets all episodes. */
  public void clear() {
    count = 0;
    facts.clear();
  }

  /** Writes the episodes and the facts. */
  public void writeState(DataOutput out) throws IOException {
    out.writeInt(count);
    for (int i = 0; i < count; i++) {
      out.writeDouble(returns[i]);
      out.writeInt(lengths[i]);
    }
    out.writeInt(facts.size());
    for (Map.Entry<String, double[]> fact : facts.entrySet()) {
      out.writeUTF(fact.getKey());
      out.writeDouble(fact.getValue()[0]);
      out.writeDouble(fact.getValue()[1]);
    }
  }

  /** Reads what {@link #writeState} wrote, in place of what is there. */
  public void readState(DataInput in) throws IOException {
    clear();
    int episodes = in.readInt();
    for (int i = 0; i < episodes; i++) {
      add(in.readDouble(), in.readInt());
    }
    int names = in.readInt();
    for (int i = 0; i < names; i++) {
      addFact(in.readUTF(), in.readDouble(), in.readDouble());
    }
  }

  private int checked(int index) {
    return Objects.checkIndex(index, count);
  }
}
