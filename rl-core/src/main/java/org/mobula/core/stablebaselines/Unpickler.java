package org.mobula.core.stablebaselines;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.mobula.core.stablebaselines.Pickled.Described;
import org.mobula.core.stablebaselines.Pickled.Named;
import org.mobula.core.stablebaselines.Pickled.None;

/**
 * Reads pickles of the protocols 2 to 5 without doing what they say. A pickle is a program that may
 * call any function of Python's; this reader knows a few names, of which it makes tensors, arrays
 * and descriptions, and refuses every other with its name. It is a loop over a stack, so that
 * nesting costs no recursion, and takes no more steps and memory than it may.
 *
 * <p>Source: CPython's Lib/pickletools.py, which describes each opcode.
 */
final class Unpickler {
  private static final int MOST_STEPS = 1_000_000;
  private static final int MOST_INTEGER_BYTES = 255;
  private static final int MOST_NAME = 256;

  /** What an entry of a map takes, about. */
  private static final long ENTRY_BYTES = 64;

  /** Marks where the arguments of an opcode begin. */
  private static final Object MARK = new Object();

  /** Finds what lies beside the pickle: storages of tensors. */
  @FunctionalInterface
  interface Beside {
    /** For pickles that have nothing beside them. */
    Beside NOTHING =
        id -> {
          throw new Refused("its pickle names something beside it, and there is nothing");
        };

    Object find(Object id) throws IOException;
  }

  private final String what;
  private final ByteBuffer in;
  private final KnownNames known;
  private final Limits limits;
  private final Beside beside;
  private final List<Object> stack = new ArrayList<>();
  private final Map<Integer, Object> memo = new HashMap<>();

  private Unpickler(String what, byte[] pickle, Limits limits, Beside beside) {
    this.what = what;
    this.in = ByteBuffer.wrap(pickle).order(ByteOrder.LITTLE_ENDIAN);
    this.known = new KnownNames(limits);
    this.limits = limits;
    this.beside = beside;
  }

  /**
   * The value of a pickle.
   *
   * @param what it is, for errors
   * @throws IOException if it names something unknown, is broken or asks for too much
   */
  static Object read(String what, byte[] pickle, Limits limits, Beside beside) throws IOException {
    Unpickler reader = new Unpickler(what, pickle, limits, beside);
    try {
      return reader.run();
    } catch (BufferUnderflowException e) {
      throw new IOException(what + " is a pickle that is cut off", e);
    } catch (IndexOutOfBoundsException | ArithmeticException e) {
      throw new IOException(what + " is a broken pickle", e);
    } catch (Refused e) {
      throw new IOException(what + ": " + e.getMessage(), e);
    }
  }

  /** Says of what it is later. */
  static final class Refused extends IOException {
    private static final long serialVersionUID = 1L;

    Refused(String message) {
      super(message);
    }
  }

  private Object run() throws IOException {
    if ((in.get() & 0xff) != 0x80) {
      throw new Refused("it is no pickle of the protocols 2 to 5");
    }
    int protocol = in.get();
    if (protocol < 2 || protocol > 5) {
      throw new Refused("it is a pickle of protocol %s but must be of 2 to 5".formatted(protocol));
    }
    for (int step = 0; step < MOST_STEPS; step++) {
      int opcode = in.get() & 0xff;
      if (opcode == '.') {
        Object value = pop();
        if (!stack.isEmpty()) {
          throw new Refused("it is a broken pickle: it leaves values behind");
        }
        return finished(value);
      }
      execute(opcode);
    }
    throw new Refused("its pickle takes more than %,d steps".formatted(MOST_STEPS));
  }

  private void execute(int opcode) throws IOException {
    switch (opcode) {
      case 0x95 -> in.getLong(); // FRAME, which only helps those who read from a stream
      case '(' -> stack.add(MARK);
      case '0' -> pop();
      case '1' -> popToMark();
      case '2' -> stack.add(top());
      case 'N' -> stack.add(None.NONE);
      case 0x88 -> stack.add(true);
      case 0x89 -> stack.add(false);
      case 'J' -> stack.add((long) in.getInt());
      case 'K' -> stack.add((long) length1());
      case 'M' -> stack.add((long) Short.toUnsignedInt(in.getShort()));
      case 0x8a -> stack.add(integer(length1()));
      case 0x8b -> stack.add(integer(length4()));
      case 'G' -> stack.add(Double.longBitsToDouble(Long.reverseBytes(in.getLong())));
      case 0x8c -> stack.add(text(length1()));
      case 'X' -> stack.add(text(length4()));
      case 0x8d -> stack.add(text(length8()));
      case 'U' -> stack.add(text(length1())); // a text of Python 2's
      case 'T' -> stack.add(text(length4()));
      case 'C' -> stack.add(bytes(length1()));
      case 'B' -> stack.add(bytes(length4()));
      case 0x8e, 0x96 -> stack.add(bytes(length8()));
      case ']', 0x8f -> stack.add(new ArrayList<>());
      case ')' -> stack.add(List.of());
      case '}' -> stack.add(new LinkedHashMap<>());
      case 't' -> stack.add(popToMark());
      case 'l', 0x91 -> stack.add(popToMark());
      case 'd' -> makeDictionary();
      case 0x85, 0x86, 0x87 -> stack.add(tuple(opcode - 0x84));
      case 'a' -> append(List.of(pop()));
      case 'e', 0x90 -> append(popToMark());
      case 's' -> setItem();
      case 'u' -> setItems(popToMark());
      case 'q' -> memo.put(length1(), top());
      case 'r' -> memo.put(in.getInt(), top());
      case 0x94 -> memo.put(memo.size(), top());
      case 'h' -> stack.add(remembered(length1()));
      case 'j' -> stack.add(remembered(in.getInt()));
      case 'c' -> stack.add(named(line(), line()));
      case 0x93 -> stackGlobal();
      case 'R', 0x81 -> call(popList());
      case 0x92 -> callWithNames();
      case 'b' -> build();
      case 'Q' -> stack.add(beside.find(pop()));
      default ->
          throw new Refused(
              "its pickle has the opcode 0x%02x at byte %s, which is not of protocol 2 to 5, or does what is not done here"
                  .formatted(opcode, in.position() - 1));
    }
  }

  private Object top() throws IOException {
    if (stack.isEmpty() || stack.get(stack.size() - 1) == MARK) {
      throw new Refused("it is a broken pickle: a value is missing");
    }
    return stack.get(stack.size() - 1);
  }

  private Object pop() throws IOException {
    Object value = top();
    stack.remove(stack.size() - 1);
    return finished(value);
  }

  /** An array that has got its numbers is those. */
  private static Object finished(Object value) {
    if (value instanceof Pickled.ArrayToBe array && array.numbers != null) {
      return array.numbers;
    }
    return value;
  }

  private List<Object> popToMark() throws IOException {
    int mark = stack.lastIndexOf(MARK);
    if (mark < 0) {
      throw new Refused("it is a broken pickle: a mark is missing");
    }
    List<Object> values = new ArrayList<>(stack.size() - mark - 1);
    for (Object value : stack.subList(mark + 1, stack.size())) {
      values.add(finished(value));
    }
    stack.subList(mark, stack.size()).clear();
    return values;
  }

  @SuppressWarnings("unchecked") // all lists are of values
  private List<Object> popList() throws IOException {
    return (List<Object>) Pickled.as(List.class, "a list of arguments", pop());
  }

  private List<Object> tuple(int size) throws IOException {
    List<Object> values = new ArrayList<>(size);
    for (int i = 0; i < size; i++) {
      values.add(pop());
    }
    Collections.reverse(values);
    return values;
  }

  @SuppressWarnings("unchecked") // all lists are of values
  private void append(List<Object> values) throws IOException {
    if (top() instanceof ArrayList<?> list) {
      ((List<Object>) list).addAll(values);
    } else {
      throw new Refused("it is a broken pickle: it appends to " + Pickled.words(top()));
    }
  }

  private void makeDictionary() throws IOException {
    List<Object> items = popToMark();
    stack.add(new LinkedHashMap<>());
    setItems(items);
  }

  private void setItem() throws IOException {
    Object value = pop();
    Object key = pop();
    setItems(List.of(key, value));
  }

  @SuppressWarnings("unchecked") // all dictionaries are of values
  private void setItems(List<Object> items) throws IOException {
    if (!(top() instanceof LinkedHashMap<?, ?> map) || items.size() % 2 != 0) {
      throw new Refused("it is a broken pickle: it sets items of " + Pickled.words(top()));
    }
    for (int i = 0; i < items.size(); i += 2) {
      Object key = items.get(i);
      if (key instanceof String || key instanceof Number || key instanceof Boolean) {
        ((Map<Object, Object>) map).put(key, items.get(i + 1));
      } else { // whose hash could take for ever
        throw new Refused(
            "a key of a dictionary is %s but must be a text or a number"
                .formatted(Pickled.words(key)));
      }
    }
  }

  private Object remembered(int index) throws IOException {
    Object value = memo.get(index);
    if (value == null) {
      throw new Refused("it is a broken pickle: it remembers nothing as number " + index);
    }
    return finished(value);
  }

  private void stackGlobal() throws IOException {
    Object name = pop();
    Object module = pop();
    stack.add(
        named(
            Pickled.as(String.class, "a module's name", module),
            Pickled.as(String.class, "a name", name)));
  }

  private Named named(String module, String name) throws IOException {
    return known.named(module, name);
  }

  private void call(List<Object> arguments) throws IOException {
    Object callee = pop();
    if (!(callee instanceof Named named)) {
      throw new Refused("it calls " + Pickled.words(callee));
    }
    stack.add(known.make(named.name(), arguments));
  }

  private void callWithNames() throws IOException {
    Object names = pop();
    List<Object> arguments = popList();
    if (!(names instanceof Map<?, ?> map && map.isEmpty())) {
      throw new Refused("it calls with named arguments");
    }
    call(arguments);
  }

  private void build() throws IOException {
    Object state = pop();
    Object object = top();
    if (object instanceof Described described) {
      described.state = attributes(state);
    } else if (object instanceof Pickled.ArrayToBe array) {
      array.numbers = known.numbers(Pickled.as(List.class, "an array's state", state));
    } else if (object instanceof Pickled.ArrayType type) {
      known.order(type, Pickled.as(List.class, "an array type's state", state));
    } else if (!(object
        instanceof Map)) { // whose attributes, such as PyTorch's versions, are not needed
      throw new Refused("it sets attributes of " + Pickled.words(object));
    }
  }

  /** Those of an object, also where it has slots beside its dictionary. */
  private Map<?, ?> attributes(Object state) throws IOException {
    if (state instanceof Map<?, ?> map) {
      return map;
    } else if (state instanceof List<?> both
        && both.size() == 2
        && both.get(1) instanceof Map<?, ?> slots) {
      Map<?, ?> rest = both.get(0) instanceof Map<?, ?> map ? map : Map.of();
      limits.take(what, ENTRY_BYTES * ((long) slots.size() + rest.size()));
      Map<Object, Object> all = new LinkedHashMap<>(slots);
      all.putAll(rest);
      return all;
    }
    return Map.of();
  }

  private int length1() {
    return in.get() & 0xff;
  }

  private int length4() throws IOException {
    return length(Integer.toUnsignedLong(in.getInt()));
  }

  private int length8() throws IOException {
    return length(in.getLong());
  }

  private int length(long length) throws IOException {
    if (length < 0 || length > in.remaining()) {
      throw new Refused(
          "it is a pickle that is cut off or broken: it says that %s bytes follow, but %,d do"
              .formatted(Long.toUnsignedString(length), in.remaining()));
    }
    return (int) length;
  }

  private byte[] bytes(int length) throws IOException {
    limits.take(what, length);
    byte[] bytes = new byte[length(length)];
    in.get(bytes);
    return bytes;
  }

  private String text(int length) throws IOException {
    return new String(bytes(length), StandardCharsets.UTF_8);
  }

  private Object integer(int length) throws IOException {
    if (length > MOST_INTEGER_BYTES) {
      throw new Refused("it has an integer of %,d bytes".formatted(length));
    } else if (length == 0) {
      return 0L;
    }
    byte[] bytes = bytes(length);
    for (int i = 0; i < length / 2; i++) {
      byte swapped = bytes[i];
      bytes[i] = bytes[length - 1 - i];
      bytes[length - 1 - i] = swapped;
    }
    BigInteger integer = new BigInteger(bytes);
    return integer.bitLength() < Long.SIZE ? integer.longValue() : integer;
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.get() & 0xff; c != '\n'; c = in.get() & 0xff) {
      line.append((char) c);
      if (line.length() > MOST_NAME) {
        throw new Refused("it has a name of more than " + MOST_NAME + " letters");
      }
    }
    return line.toString();
  }
}
