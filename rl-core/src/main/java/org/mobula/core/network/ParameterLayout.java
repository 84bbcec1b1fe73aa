package org.mobula.core.network;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * How named tensors lie in one flat vector, one after the other in row-major order: those of one
 * network, or of all the networks of a model, one network after the other.
 *
 * @param entries the tensors in the order of their offsets, without gaps
 */
public record ParameterLayout(List<Entry> entries) implements Serializable {
  /** The group of parameters that no other group claims. */
  public static final String DEFAULT_GROUP = "default";

  /** The network that acts: the first of a model. */
  public static final String POLICY = "policy";

  /**
   * One tensor.
   *
   * @param name unique, dotted: {@code policy.0.weight}
   * @param shape sizes of the dimensions
   * @param offset index of the first number in the flat vector
   * @param group the optimizer group
   * @param network that the tensor belongs to
   */
  public record Entry(String name, List<Integer> shape, int offset, String group, String network)
      implements Serializable {
    /** A tensor of the network that acts. */
    public Entry(String name, List<Integer> shape, int offset, String group) {
      this(name, shape, offset, group, POLICY);
    }

    /** Checks the sizes. */
    public Entry {
      shape = List.copyOf(shape);
      for (int dimension : shape) {
        if (dimension < 1) {
          throw new IllegalArgumentException(
              "the shape of " + name + " is " + shape + " but each size must be ≥ 1");
        }
      }
    }

    /** How many numbers the tensor has. */
    public int size() {
      int size = 1;
      for (int i = 0; i < shape.size(); i++) { // an iterator would be garbage on the hot path
        size = Math.multiplyExact(size, shape.get(i));
      }
      return size;
    }
  }

  /** Checks names and offsets. */
  public ParameterLayout {
    entries = List.copyOf(entries);
    int offset = 0;
    for (Entry entry : entries) {
      if (entry.offset != offset) {
        throw new IllegalArgumentException(
            entry.name + " lies at " + entry.offset + " but must lie at " + offset);
      }
      offset = Math.addExact(offset, entry.size());
    }
    for (int i = 2; i < entries.size(); i++) {
      String network = entries.get(i).network;
      boolean goesOn = entries.get(i - 1).network.equals(network);
      if (!goesOn && entries.subList(0, i).stream().anyMatch(e -> e.network.equals(network))) {
        throw new IllegalArgumentException(
            "the parameters of the network " + network + " must lie one after the other");
      }
    }
    if (entries.stream().map(Entry::name).distinct().count() != entries.size()) {
      throw new IllegalArgumentException("two parameters have the same name: " + entries);
    }
  }

  /** How many numbers the flat vector has. */
  public int size() {
    return entries.isEmpty()
        ? 0
        : entries.get(entries.size() - 1).offset + entries.get(entries.size() - 1).size();
  }

  /** The names of the networks, in the order in which they lie. */
  public List<String> networks() {
    return entries.stream().map(Entry::network).distinct().toList();
  }

  /**
   * The first place of a network's parameters.
   *
   * @throws IllegalArgumentException if there is no such network
   */
  public int from(String network) {
    for (Entry entry : entries) {
      if (entry.network.equals(network)) {
        return entry.offset;
      }
    }
    throw new IllegalArgumentException(
        "no network is called " + network + "; there are " + networks());
  }

  /** The place after the last of a network's parameters. */
  public int to(String network) {
    int to = from(network);
    for (Entry entry : entries) {
      if (entry.network.equals(network)) {
        to = entry.offset + entry.size();
      }
    }
    return to;
  }

  /**
   * This layout and after it another network's, whose tensors' names begin with its own.
   *
   * @param network a new name of small letters, digits and hyphens
   */
  public ParameterLayout with(String network, ParameterLayout more) {
    if (!network.matches("[a-z0-9-]+") || networks().contains(network)) {
      throw new IllegalArgumentException(
          "a network is called "
              + network
              + " but needs a name of small letters, digits and hyphens, other than "
              + networks());
    }
    List<Entry> all = new ArrayList<>(entries);
    for (Entry entry : more.entries) {
      all.add(
          new Entry(
              network + "." + entry.name,
              entry.shape,
              Math.addExact(size(), entry.offset),
              entry.group,
              network));
    }
    return new ParameterLayout(all);
  }

  /** The tensor of this name. */
  public Entry entry(String name) {
    return entries.stream()
        .filter(entry -> entry.name.equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no parameter is called " + name));
  }

  /**
   * The tensor that holds this place of the flat vector.
   *
   * @param index from 0 to {@code size() - 1}
   */
  public Entry entryAt(int index) {
    for (Entry entry : entries) {
      if (index >= entry.offset && index < entry.offset + entry.size()) {
        return entry;
      }
    }
    throw new IndexOutOfBoundsException(
        "index is " + index + " but the flat vector has " + size() + " numbers");
  }

  /** Collects tensors one after the other. */
  public static final class Builder {
    private final List<Entry> entries = new ArrayList<>();
    private int offset;
    private String group = DEFAULT_GROUP;

    /** Puts the tensors that follow into this optimizer group. */
    public Builder group(String name) {
      group = name;
      return this;
    }

    /** Adds a tensor of the current group, at first the default one. */
    public Builder add(String name, int... shape) {
      List<Integer> dimensions = new ArrayList<>();
      for (int dimension : shape) {
        dimensions.add(dimension);
      }
      Entry entry = new Entry(name, dimensions, offset, group);
      entries.add(entry);
      offset = Math.addExact(offset, entry.size());
      return this;
    }

    /** The layout of all that was added. */
    public ParameterLayout build() {
      return new ParameterLayout(entries);
    }
  }
}
