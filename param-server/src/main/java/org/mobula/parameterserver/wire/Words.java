package org.mobula.parameterserver.wire;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.parameters.StoreState;
import org.mobula.parameterserver.codec.Codec;
import org.mobula.parameterserver.codec.CodecKind;
import org.mobula.parameterserver.shard.Caller;
import org.mobula.parameterserver.shard.Consistency;
import org.mobula.parameterserver.shard.FloatSlice;
import org.mobula.parameterserver.shard.Member;
import org.mobula.parameterserver.shard.Refusal;
import org.mobula.parameterserver.shard.ShardStatus;
import org.mobula.parameterserver.shard.Stepped;

/** The words of messages as bytes, all little-endian; each {@code read} mirrors its writer. */
final class Words {
  /** In place of a codec: no values are wanted, or none follow. */
  static final int NO_VALUES = 0xff;

  /** No optimizer remembers more vectors. */
  private static final int MOST_MOMENTS = 16;

  private static final int STEPPED_AWAITS = 1;
  private static final int STEPPED_LATE = 2;

  private Words() {}

  static WireException impossible(String what, long value) {
    return WireException.malformed(what + " is " + value);
  }

  // Small ones.

  static void text(ByteBuf out, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int length = Math.min(bytes.length, 0xffff);
    out.writeShortLE(length).writeBytes(bytes, 0, length);
  }

  static String readText(ByteBuf in) {
    byte[] bytes = new byte[in.readUnsignedShortLE()];
    in.readBytes(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  static void caller(ByteBuf out, Caller caller) {
    out.writeIntLE(caller.worker()).writeLongLE(caller.session());
  }

  static Caller readCaller(ByteBuf in, long epoch) {
    return new Caller(in.readIntLE(), in.readLongLE(), epoch);
  }

  static void sums(ByteBuf out, double[] sums) {
    out.writeIntLE(sums.length);
    for (double sum : sums) {
      out.writeDoubleLE(sum);
    }
  }

  static double[] readSums(ByteBuf in) {
    double[] sums = new double[count(in, Double.BYTES)];
    for (int i = 0; i < sums.length; i++) {
      sums[i] = in.readDoubleLE();
    }
    return sums;
  }

  /** A number of things that follow; there must be bytes for them. */
  private static int count(ByteBuf in, int leastBytes) {
    int count = in.readIntLE();
    if (count < 0 || (long) count * leastBytes > in.readableBytes()) {
      throw impossible("a count", count);
    }
    return count;
  }

  static boolean readFlag(ByteBuf in) {
    int flag = in.readUnsignedByte();
    if (flag > 1) {
      throw impossible("a flag", flag);
    }
    return flag == 1;
  }

  /** The wanted or used codec; null for {@link #NO_VALUES}. */
  static @Nullable CodecKind readCodec(ByteBuf in) {
    int id = in.readUnsignedByte();
    return id == NO_VALUES ? null : CodecKind.of(id).orElseThrow(() -> impossible("a codec", id));
  }

  static void refusal(ByteBuf out, Refusal refusal, long epoch, String message) {
    text(out, refusal.name());
    out.writeLongLE(epoch);
    text(out, message);
  }

  // Consistency.

  static void consistency(ByteBuf out, Consistency consistency) {
    if (consistency instanceof Consistency.Synchronous synchronous) {
      out.writeByte(0).writeIntLE(synchronous.first());
    } else if (consistency instanceof Consistency.BoundedStaleness bounded) {
      out.writeByte(1).writeIntLE(bounded.staleness());
    } else {
      out.writeByte(2).writeIntLE(0);
    }
  }

  static Consistency readConsistency(ByteBuf in) {
    int kind = in.readUnsignedByte();
    int number = in.readIntLE();
    return switch (kind) {
      case 0 -> new Consistency.Synchronous(number);
      case 1 -> new Consistency.BoundedStaleness(number);
      case 2 -> new Consistency.Asynchronous();
      default -> throw impossible("a consistency", kind);
    };
  }

  // Members.

  static void members(ByteBuf out, List<Member> members) {
    out.writeIntLE(members.size());
    for (Member member : members) {
      out.writeIntLE(member.worker())
          .writeLongLE(member.session())
          .writeLongLE(member.applied())
          .writeLongLE(member.progress())
          .writeByte(member.present() ? 1 : 0);
    }
  }

  static List<Member> readMembers(ByteBuf in) {
    int count = count(in, 2 * Integer.BYTES);
    List<Member> members = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      members.add(
          new Member(
              in.readIntLE(), in.readLongLE(), in.readLongLE(), in.readLongLE(), readFlag(in)));
    }
    return members;
  }

  // The answer to a push or a commit; the codec and the number of floats come after it.

  static void stepped(ByteBuf out, Stepped stepped) {
    out.writeLongLE(stepped.version())
        .writeByte(
            (stepped.awaitsCommit() ? STEPPED_AWAITS : 0) | (stepped.late() ? STEPPED_LATE : 0));
    sums(out, stepped.blockSums());
  }

  static Stepped readStepped(ByteBuf in) {
    long version = in.readLongLE();
    int flags = in.readUnsignedByte();
    if (flags > (STEPPED_AWAITS | STEPPED_LATE)) {
      throw impossible("a flag", flags);
    }
    return new Stepped(
        version, (flags & STEPPED_AWAITS) != 0, (flags & STEPPED_LATE) != 0, readSums(in));
  }

  // The state of a slice: words here, its vectors as floats after them.

  static void state(ByteBuf out, StoreState state) {
    out.writeLongLE(state.parameters().version())
        .writeLongLE(state.optimizerSteps())
        .writeIntLE(state.parameters().values().length)
        .writeByte(state.moments().size());
    state.moments().keySet().forEach(name -> text(out, name));
  }

  /**
   * The state with arrays to be filled.
   *
   * @param expected numbers that the slice has; nobody makes this side allocate more
   */
  static StoreState readState(ByteBuf in, int expected) {
    long version = in.readLongLE();
    long steps = in.readLongLE();
    int size = in.readIntLE();
    int moments = in.readUnsignedByte();
    if (size != expected) {
      throw new WireException(
          Refusal.WRONG_LENGTH,
          "the state has %d numbers but the shard's range has %d".formatted(size, expected));
    }
    if (version < 0 || steps < 0 || moments > MOST_MOMENTS) {
      throw WireException.malformed(
          "a state of version %d, %d steps, %d moments".formatted(version, steps, moments));
    }
    Map<String, float[]> vectors = new LinkedHashMap<>();
    List<String> names = new ArrayList<>();
    for (int i = 0; i < moments; i++) {
      names.add(readText(in));
    }
    names.forEach(name -> vectors.put(name, new float[size]));
    if (vectors.size() != moments) {
      throw WireException.malformed("two moments of a state have the same name");
    }
    return new StoreState(new ParameterSnapshot(version, new float[size]), steps, vectors);
  }

  static Vectors vectors(StoreState state) {
    List<FloatSlice> slices = new ArrayList<>();
    slices.add(FloatSlice.of(state.parameters().values()));
    state.moments().values().forEach(moment -> slices.add(FloatSlice.of(moment)));
    return new Vectors(slices, Codec.reading(CodecKind.FP32));
  }

  // Health.

  static void status(ByteBuf out, ShardStatus status) {
    text(out, status.role().name());
    text(out, status.device());
    out.writeLongLE(status.epoch())
        .writeLongLE(status.version())
        .writeIntLE(status.from())
        .writeIntLE(status.to());
    consistency(out, status.consistency());
    out.writeIntLE(status.waitingPushes())
        .writeLongLE(status.pushes())
        .writeLongLE(status.lateGradients())
        .writeLongLE(status.duplicates())
        .writeLongLE(status.applyNanos())
        .writeLongLE(status.bytesIn())
        .writeLongLE(status.bytesOut());
    out.writeIntLE(status.workers().size());
    status.workers().forEach(out::writeIntLE);
    out.writeIntLE(status.staleness().size());
    status.staleness().forEach(out::writeLongLE);
    out.writeIntLE(status.refusals().size());
    status
        .refusals()
        .forEach(
            (refusal, count) -> {
              text(out, refusal.name());
              out.writeLongLE(count);
            });
  }

  static ShardStatus readStatus(ByteBuf in) {
    ShardStatus.Role role = ShardStatus.Role.valueOf(readText(in));
    String device = readText(in);
    long epoch = in.readLongLE();
    long version = in.readLongLE();
    int from = in.readIntLE();
    int to = in.readIntLE();
    Consistency consistency = readConsistency(in);
    int waiting = in.readIntLE();
    long pushes = in.readLongLE();
    long late = in.readLongLE();
    long duplicates = in.readLongLE();
    long applyNanos = in.readLongLE();
    long bytesIn = in.readLongLE();
    long bytesOut = in.readLongLE();
    List<Integer> workers = new ArrayList<>();
    for (int i = count(in, Integer.BYTES); i > 0; i--) {
      workers.add(in.readIntLE());
    }
    List<Long> staleness = new ArrayList<>();
    for (int i = count(in, Long.BYTES); i > 0; i--) {
      staleness.add(in.readLongLE());
    }
    Map<Refusal, Long> refusals = new EnumMap<>(Refusal.class);
    for (int i = count(in, Long.BYTES); i > 0; i--) {
      refusals.put(Refusal.valueOf(readText(in)), in.readLongLE());
    }
    return new ShardStatus(
        role,
        device,
        epoch,
        version,
        from,
        to,
        consistency,
        workers,
        waiting,
        pushes,
        late,
        duplicates,
        staleness,
        applyNanos,
        bytesIn,
        bytesOut,
        refusals);
  }
}
