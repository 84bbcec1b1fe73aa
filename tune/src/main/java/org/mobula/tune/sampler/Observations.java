package org.mobula.tune.sampler;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.space.SearchSpace;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

/**
 * The numbers that a study's trials have for the parameters of a space, and their order. It is kept
 * from one suggestion to the next; only what is new is looked up and put into its place.
 */
final class Observations {
  private static final double[] UNKNOWN = {};

  private @Nullable StudyRecord study;
  private @Nullable SearchSpace space;
  private List<Parameter> parameters = List.of();
  private final Map<String, Integer> places = new HashMap<>();

  /** By trial, numbers in the order of the space. */
  private final List<double[]> rows = new ArrayList<>();

  /** By trial, whether it has ended, and so keeps its numbers. */
  private boolean[] settled = {};

  /** By parameter, the trials that have it from the lowest number to the highest. */
  private int[][] orders = {};

  private int[] counts = {};

  /** By trial, its place among those asked for; −1 if it is not one of them. */
  private int[] slots = {};

  /** Some trials' numbers by parameter, and the places of the trials in their order. */
  static final class Columns {
    final double[][] numbers;
    final int[][] orders;

    private Columns(double[][] numbers, int[][] orders) {
      this.numbers = numbers;
      this.orders = orders;
    }
  }

  /** Looks up what is new. */
  void update(StudyRecord asked, SearchSpace among) {
    if (asked != study || !among.equals(space)) {
      study = asked;
      space = among;
      parameters = among.parameters();
      places.clear();
      for (Parameter parameter : parameters) {
        places.put(parameter.name(), places.size());
      }
      rows.clear();
      settled = new boolean[0];
      orders = new int[parameters.size()][0];
      counts = new int[parameters.size()];
    }
    List<TrialRecord> trials = asked.trials();
    if (settled.length < trials.size()) {
      int room = 2 * trials.size();
      settled = Arrays.copyOf(settled, room);
      slots = new int[room];
      for (int i = 0; i < orders.length; i++) {
        orders[i] = Arrays.copyOf(orders[i], room);
      }
    }
    for (TrialRecord trial : trials) {
      if (rows.size() == trial.number()) {
        rows.add(UNKNOWN);
      }
      if (!settled[trial.number()] && trial.state() != TrialState.WAITING) {
        place(trial);
      }
    }
  }

  private void place(TrialRecord trial) {
    int number = trial.number();
    double[] known = rows.get(number);
    double[] row = new double[parameters.size()];
    for (int i = 0; i < row.length; i++) {
      row[i] = number(trial, parameters.get(i));
    }
    if (!Arrays.equals(row, known)) {
      for (int i = 0; i < row.length; i++) {
        if (known != UNKNOWN && !Double.isNaN(known[i])) {
          remove(i, number);
        }
      }
      rows.set(number, row);
      for (int i = 0; i < row.length; i++) {
        if (!Double.isNaN(row[i])) {
          insert(i, number, row[i]);
        }
      }
    }
    settled[number] = trial.state().isFinished();
  }

  private void remove(int parameter, int trial) {
    int[] order = orders[parameter];
    int place = 0;
    while (order[place] != trial) {
      place++;
    }
    counts[parameter]--;
    System.arraycopy(order, place + 1, order, place, counts[parameter] - place);
  }

  private void insert(int parameter, int trial, double number) {
    int[] order = orders[parameter];
    int from = 0;
    int to = counts[parameter];
    while (from < to) {
      int middle = (from + to) / 2;
      double other = rows.get(order[middle])[parameter];
      if (other < number || (other == number && order[middle] < trial)) {
        from = middle + 1;
      } else {
        to = middle;
      }
    }
    System.arraycopy(order, from, order, from + 1, counts[parameter] - from);
    order[from] = trial;
    counts[parameter]++;
  }

  /** What a trial has for a parameter; NaN if nothing, or nothing that is one of its values. */
  private static double number(TrialRecord trial, Parameter parameter) {
    Double number = trial.parameters().get(parameter.name());
    Parameter then = trial.distributions().get(parameter.name());
    if (number == null || then == null) {
      return Double.NaN;
    } else if (then.equals(parameter)) {
      return number;
    }
    try {
      return parameter.internal(then.value(number));
    } catch (IllegalArgumentException otherRange) {
      return Double.NaN;
    }
  }

  /** Of those trials that have all of the parameters. */
  Columns of(List<Parameter> asked, List<TrialRecord> trials) {
    int[] asPlaces = new int[asked.size()];
    for (int i = 0; i < asPlaces.length; i++) {
      asPlaces[i] = places.getOrDefault(asked.get(i).name(), -1);
    }
    Arrays.fill(slots, -1);
    double[][] kept = new double[trials.size()][];
    int count = 0;
    for (TrialRecord trial : trials) {
      double[] row = rows.get(trial.number());
      if (hasAll(row, asPlaces)) {
        slots[trial.number()] = count;
        kept[count++] = row;
      }
    }
    double[][] numbers = new double[asPlaces.length][count];
    int[][] sorted = new int[asPlaces.length][count];
    for (int i = 0; i < asPlaces.length; i++) {
      int place = asPlaces[i];
      for (int j = 0; j < count; j++) {
        numbers[i][j] = kept[j][place];
      }
      int next = 0;
      for (int j = 0; next < count; j++) {
        int slot = slots[orders[place][j]];
        if (slot >= 0) {
          sorted[i][next++] = slot;
        }
      }
    }
    return new Columns(numbers, sorted);
  }

  private static boolean hasAll(double[] row, int[] places) {
    for (int place : places) {
      if (Double.isNaN(row[place])) {
        return false;
      }
    }
    return true;
  }
}
