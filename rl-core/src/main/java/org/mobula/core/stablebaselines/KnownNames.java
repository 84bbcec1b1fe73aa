package org.mobula.core.stablebaselines;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.mobula.core.stablebaselines.Pickled.ArrayToBe;
import org.mobula.core.stablebaselines.Pickled.ArrayType;
import org.mobula.core.stablebaselines.Pickled.Described;
import org.mobula.core.stablebaselines.Pickled.Named;
import org.mobula.core.stablebaselines.Pickled.Numbers;
import org.mobula.core.stablebaselines.Pickled.Storage;

/**
 * The names of Python's that a pickle may use, and what is made of each: arrays of numbers,
 * dictionaries, or a description that nobody acts upon. There are no others.
 */
final class KnownNames {
  private static final String TENSOR = "torch._utils._rebuild_tensor_v2";
  private static final String PARAMETER = "torch._utils._rebuild_parameter";
  private static final String ORDERED = "collections.OrderedDict";
  private static final String ARRAY = "numpy.core.multiarray._reconstruct";
  private static final String ARRAY_OF_BYTES = "numpy.core.numeric._frombuffer";
  private static final String SCALAR = "numpy.core.multiarray.scalar";
  private static final String ARRAY_TYPE = "numpy.dtype";
  private static final String ENCODE = "_codecs.encode";
  private static final String BYTES = "builtins.bytes";
  private static final String BYTE_ARRAY = "builtins.bytearray";
  private static final String OBJECT = "builtins.object";
  private static final String NEW_OBJECT = "copyreg._reconstructor";

  private static final Set<String> FUNCTIONS =
      Set.of(
          TENSOR,
          PARAMETER,
          ORDERED,
          ARRAY,
          ARRAY_OF_BYTES,
          SCALAR,
          ARRAY_TYPE,
          ENCODE,
          BYTES,
          BYTE_ARRAY,
          NEW_OBJECT);

  /** Classes whose objects are described: spaces, statistics, noise, schedules, random numbers. */
  private static final Set<String> DESCRIBED =
      Set.of(
          "gymnasium.spaces.box.Box",
          "gymnasium.spaces.discrete.Discrete",
          "gymnasium.spaces.multi_discrete.MultiDiscrete",
          "gymnasium.spaces.multi_binary.MultiBinary",
          "gymnasium.spaces.dict.Dict",
          "gymnasium.spaces.tuple.Tuple",
          "stable_baselines3.common.vec_env.vec_normalize.VecNormalize",
          "stable_baselines3.common.running_mean_std.RunningMeanStd",
          "stable_baselines3.common.noise.NormalActionNoise",
          "stable_baselines3.common.noise.OrnsteinUhlenbeckActionNoise",
          "stable_baselines3.common.noise.VectorizedActionNoise",
          "stable_baselines3.common.utils.FloatSchedule",
          "stable_baselines3.common.utils.ConstantSchedule",
          "stable_baselines3.common.utils.LinearSchedule",
          "stable_baselines3.common.type_aliases.TrainFreq",
          "stable_baselines3.common.type_aliases.TrainFrequencyUnit",
          "numpy.random._pickle.__generator_ctor",
          "numpy.random._pickle.__bit_generator_ctor",
          "numpy.random._pickle.__randomstate_ctor",
          "numpy.random._pcg64.PCG64",
          "numpy.random._mt19937.MT19937",
          "numpy.random.bit_generator.SeedSequence",
          "numpy.random.bit_generator.__pyx_unpickle_SeedSequence",
          "gym.utils.seeding.RandomNumberGenerator",
          "gym.utils.seeding.RandomNumberGenerator._generator_ctor");

  /** Classes that are named only: what numbers are, how a network is made and trained. */
  private static final Set<String> NAMED =
      Set.of(
          OBJECT,
          "numpy.ndarray",
          "numpy.bool",
          "numpy.bool_",
          "numpy.float16",
          "numpy.float32",
          "numpy.float64",
          "numpy.int8",
          "numpy.int16",
          "numpy.int32",
          "numpy.int64",
          "numpy.uint8",
          "numpy.uint16",
          "numpy.uint32",
          "torch.nn.modules.activation.Tanh",
          "torch.nn.modules.activation.ReLU",
          "torch.nn.modules.activation.ELU",
          "torch.nn.modules.activation.SiLU",
          "torch.nn.modules.activation.GELU",
          "torch.nn.modules.activation.LeakyReLU",
          "torch.optim.adam.Adam",
          "torch.optim.adamw.AdamW",
          "torch.optim.rmsprop.RMSprop",
          "torch.optim.sgd.SGD",
          "stable_baselines3.common.sb2_compat.rmsprop_tf_like.RMSpropTFLike",
          "stable_baselines3.common.torch_layers.FlattenExtractor",
          "stable_baselines3.common.torch_layers.NatureCNN",
          "stable_baselines3.common.torch_layers.CombinedExtractor");

  private final Limits limits;

  KnownNames(Limits limits) {
    this.limits = limits;
  }

  /**
   * A name that a pickle may use.
   *
   * @throws IOException if it is none
   */
  Named named(String module, String name) throws IOException {
    String full = today(module) + "." + name;
    if (FUNCTIONS.contains(full)
        || DESCRIBED.contains(full)
        || NAMED.contains(full)
        || NumberKind.ofStorage(full).isPresent()) {
      return new Named(full);
    }
    throw new Unpickler.Refused(
        "its pickle names %s.%s, which is not among the tensors, arrays and descriptions that are read; nothing in a pickle is executed"
            .formatted(module, name));
  }

  /** Modules move from version to version. */
  private static String today(String module) {
    if (module.startsWith("numpy._core.")) {
      return "numpy.core." + module.substring("numpy._core.".length());
    } else if (module.startsWith("gym.spaces.")) {
      return "gymnasium.spaces." + module.substring("gym.spaces.".length());
    }
    return switch (module) {
      case "__builtin__" -> "builtins";
      case "copy_reg" -> "copyreg";
      default -> module;
    };
  }

  /** What a call of a known function or class stands for. */
  Object make(String name, List<Object> arguments) throws IOException {
    return switch (name) {
      case ORDERED -> {
        require(arguments.isEmpty(), name, arguments);
        yield new LinkedHashMap<>();
      }
      case TENSOR -> tensor(arguments);
      case PARAMETER -> {
        require(!arguments.isEmpty(), name, arguments);
        yield Pickled.as(Numbers.class, "the tensor of a parameter", arguments.get(0));
      }
      case ARRAY -> new ArrayToBe();
      case ARRAY_OF_BYTES -> arrayOfBytes(arguments);
      case SCALAR -> {
        require(arguments.size() == 2, name, arguments);
        yield scalar(arguments);
      }
      case ARRAY_TYPE -> arrayType(arguments);
      case ENCODE -> {
        require(!arguments.isEmpty(), name, arguments);
        String text = Pickled.as(String.class, "a text to encode", arguments.get(0));
        limits.take("an array of bytes", text.length());
        yield text.getBytes(StandardCharsets.ISO_8859_1); // how NumPy writes bytes as text
      }
      case BYTES, BYTE_ARRAY ->
          arguments.isEmpty()
              ? new byte[0]
              : Pickled.as(byte[].class, "an array of bytes", arguments.get(0));
      case NEW_OBJECT -> {
        require(!arguments.isEmpty(), name, arguments);
        Named type = Pickled.as(Named.class, "the class of an object", arguments.get(0));
        yield make(type.name(), List.of());
      }
      default -> {
        if (!DESCRIBED.contains(name)) {
          throw new Unpickler.Refused("its pickle calls " + name);
        }
        yield new Described(name, arguments);
      }
    };
  }

  private static void require(boolean holds, String name, List<Object> arguments)
      throws IOException {
    if (!holds) {
      throw new Unpickler.Refused(
          "its pickle calls %s with %s arguments".formatted(name, arguments.size()));
    }
  }

  private Numbers tensor(List<Object> arguments) throws IOException {
    require(arguments.size() >= 4, TENSOR, arguments);
    Storage storage = Pickled.as(Storage.class, "the storage of a tensor", arguments.get(0));
    long offset = Pickled.as(Long.class, "the offset of a tensor", arguments.get(1));
    List<Integer> shape = shape(arguments.get(2));
    List<?> strides = Pickled.as(List.class, "the strides of a tensor", arguments.get(3));
    if (strides.size() != shape.size()) {
      throw new Unpickler.Refused("a tensor of shape %s has strides %s".formatted(shape, strides));
    }
    int count = count(shape, storage.count());
    long last = offset;
    long[] steps = new long[shape.size()];
    for (int i = 0; i < steps.length; i++) {
      steps[i] = Pickled.as(Long.class, "a stride of a tensor", strides.get(i));
      if (steps[i] < 0 || steps[i] > storage.count()) {
        throw new Unpickler.Refused("a tensor has the stride " + steps[i]);
      }
      last += steps[i] * Math.max(0, shape.get(i) - 1L);
    }
    if (offset < 0 || (count > 0 && last >= storage.count())) {
      throw new Unpickler.Refused(
          "a tensor of shape %s reaches beyond the %s numbers of its storage"
              .formatted(shape, storage.count()));
    }
    ByteBuffer bytes = ByteBuffer.wrap(storage.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    double[] values = new double[count];
    int[] index = new int[steps.length];
    long at = offset;
    for (int i = 0; i < count; i++) {
      values[i] = storage.kind().at(bytes, Math.toIntExact(at * storage.kind().width()));
      for (int axis = steps.length - 1; axis >= 0; axis--) {
        at += steps[axis];
        if (++index[axis] < shape.get(axis)) {
          break;
        }
        at -= steps[axis] * index[axis];
        index[axis] = 0;
      }
    }
    return new Numbers(storage.kind().code(), shape, values);
  }

  /** Lengths of axes, none of them below zero. */
  private static List<Integer> shape(Object value) throws IOException {
    List<Integer> shape = new ArrayList<>();
    for (Object length : Pickled.as(List.class, "a shape", value)) {
      long axis = Pickled.as(Long.class, "a length of a shape", length);
      if (axis < 0 || axis > Integer.MAX_VALUE) {
        throw new Unpickler.Refused("a shape has the length " + axis);
      }
      shape.add((int) axis);
    }
    return shape;
  }

  /** How many numbers: no more than there are bytes for, whatever a shape says. */
  private int count(List<Integer> shape, int most) throws IOException {
    long count = 1;
    for (int length : shape) {
      count = Math.multiplyExact(count, (long) length);
    }
    if (count > most) {
      throw new Unpickler.Refused(
          "an array of shape %s has %,d numbers, of which the file holds %,d"
              .formatted(shape, count, most));
    }
    limits.take("an array", count * Double.BYTES);
    return (int) count;
  }

  private static ArrayType arrayType(List<Object> arguments) throws IOException {
    require(!arguments.isEmpty(), ARRAY_TYPE, arguments);
    String code = Pickled.as(String.class, "the name of an array's type", arguments.get(0));
    Optional<NumberKind> kind = NumberKind.ofCode(code);
    if (kind.isEmpty()) {
      throw new Unpickler.Refused("an array is of the type " + code + ", which is not of numbers");
    }
    return new ArrayType(kind.get());
  }

  /** The byte order is the second of what describes an array's type. */
  void order(ArrayType type, List<?> state) throws IOException {
    if (state.size() > 1 && state.get(1) instanceof String order) {
      type.bigEndian = order.equals(">");
    }
  }

  /** An array from the state that NumPy pickles: version, shape, type, column-major, bytes. */
  Numbers numbers(List<?> state) throws IOException {
    if (state.size() < 5) {
      throw new Unpickler.Refused("an array has a state of %s values".formatted(state.size()));
    }
    Object bytes = state.get(4);
    if (!(bytes instanceof byte[] contents)) {
      throw new Unpickler.Refused("an array holds objects, not numbers");
    }
    return array(contents, state.get(2), state.get(1), Boolean.TRUE.equals(state.get(3)));
  }

  private Numbers arrayOfBytes(List<Object> arguments) throws IOException {
    require(arguments.size() == 4, ARRAY_OF_BYTES, arguments);
    byte[] bytes = Pickled.as(byte[].class, "the bytes of an array", arguments.get(0));
    return array(bytes, arguments.get(1), arguments.get(2), "F".equals(arguments.get(3)));
  }

  private Numbers array(byte[] contents, Object typeValue, Object shapeValue, boolean columnMajor)
      throws IOException {
    ArrayType type = Pickled.as(ArrayType.class, "the type of an array", typeValue);
    List<Integer> shape = shape(shapeValue);
    if (columnMajor && shape.size() > 1) {
      throw new Unpickler.Refused("an array of shape %s is column-major".formatted(shape));
    }
    int width = type.kind.width();
    int count = count(shape, contents.length / width);
    ByteBuffer bytes =
        ByteBuffer.wrap(contents)
            .order(type.bigEndian ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      values[i] = type.kind.at(bytes, i * width);
    }
    return new Numbers(type.kind.code(), shape, values);
  }

  private Object scalar(List<Object> arguments) throws IOException {
    ArrayType type = Pickled.as(ArrayType.class, "the type of a number", arguments.get(0));
    byte[] bytes = Pickled.as(byte[].class, "the bytes of a number", arguments.get(1));
    double value = array(bytes, type, List.of(), false).values()[0];
    return switch (type.kind) {
      case HALF, FLOAT, DOUBLE -> value;
      case BOOL -> value != 0;
      default -> (long) value;
    };
  }
}
