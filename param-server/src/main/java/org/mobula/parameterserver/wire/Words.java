package org.mobula.parameterserver.wire;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.core.experience.RunningStatistics;
import org.mobula.core.parameters.Gathered;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.parameters.StoreState;
import org.mobula.parameterserver.codec.Codec;
import org.mobula.parameterserver.codec.CodecKind;
import org.mobula.parameterserver.shard.Claim;
import org.mobula.parameterserver.shard.Consistency;
import org.mobula.parameterserver.shard.FloatSlice;
import org.mobula.parameterserver.shard.Lineage;
import org.mobula.parameterserver.shard.Member;
import org.mobula.parameterserver.shard.Refusal;

/**
 * What the words of several messages have in common, as little-endian bytes; each {@code read}
 * mirrors its writer.
 */
final class Words {
  /** In place of a codec: no values are wanted, or none follow. */
  static final int NO_VALUES = 0xff;

  /** No optimizer remembers more vectors. */
  private static final int MOST_MOMENTS = 16;

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

  /** One that may be longer than 65,535 bytes. */
  static void longText(ByteBuf out, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeIntLE(bytes.length).writeBytes(bytes);
  }

  static String readLongText(ByteBuf in) {
    byte[] bytes = new byte[count(in, Byte.BYTES)];
    in.readBytes(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
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
  static int count(ByteBuf in, int leastBytes) {
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

  // Whose the values are.

  static void lineage(ByteBuf out, Lineage lineage) {
    out.writeLongLE(lineage.history()).writeLongLE(lineage.begin());
    claim(out, lineage.claim());
  }

  static Lineage readLineage(ByteBuf in) {
    return new Lineage(in.readLongLE(), in.readLongLE(), readClaim(in));
  }

  static void claim(ByteBuf out, @Nullable Claim claim) {
    out.writeByte(claim == null ? 0 : 1);
    if (claim != null) {
      text(out, claim.run());
      text(out, claim.host());
      out.writeLongLE(claim.process())
          .writeLongLE(claim.since())
          .writeLongLE(claim.session())
          .writeLongLE(claim.term());
    }
  }

  static @Nullable Claim readClaim(ByteBuf in) {
    if (!readFlag(in)) {
      return null;
    }
    return new Claim(
        readText(in),
        readText(in),
        in.readLongLE(),
        in.readLongLE(),
        in.readLongLE(),
        in.readLongLE());
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

  // What workers gather.

  static void gathered(ByteBuf out, @Nullable Gathered gathered) {
    out.writeByte(gathered == null ? 0 : 1);
    if (gathered == null) {
      return;
    }
    RunningStatistics seen = gathered.observations();
    out.writeLongLE(gathered.environmentSteps()).writeIntLE(seen == null ? 0 : seen.size());
    if (seen != null) {
      out.writeDoubleLE(seen.count());
      for (int i = 0; i < seen.size(); i++) {
        out.writeDoubleLE(seen.mean(i)).writeDoubleLE(seen.variance(i));
      }
    }
  }

  static @Nullable Gathered readGathered(ByteBuf in) {
    if (!readFlag(in)) {
      return null;
    }
    long steps = in.readLongLE();
    int size = count(in, 2 * Double.BYTES);
    if (steps < 0) {
      throw impossible("a number of environment steps", steps);
    }
    return new Gathered(steps, size == 0 ? null : readStatistics(in, size));
  }

  private static RunningStatistics readStatistics(ByteBuf in, int size) {
    double count = in.readDoubleLE();
    double[] mean = new double[size];
    double[] variance = new double[size];
    for (int i = 0; i < size; i++) {
      mean[i] = in.readDoubleLE();
      variance[i] = in.readDoubleLE();
      if (!Double.isFinite(mean[i])
          || !(variance[i] >= 0 && variance[i] < Double.POSITIVE_INFINITY)) {
        throw WireException.malformed(
            "statistics with the mean " + mean[i] + " and the variance " + variance[i]);
      }
    }
    if (!(count > 0 && count < Double.POSITIVE_INFINITY)) {
      throw WireException.malformed("statistics of " + count + " vectors");
    }
    RunningStatistics statistics = new RunningStatistics(size);
    statistics.restore(count, mean, variance);
    return statistics;
  }

  // The state of a slice: words here, its vectors as floats after them.

  static void state(ByteBuf out, StoreState state) {
    out.writeLongLE(state.parameters().version())
        .writeLongLE(state.optimizerSteps())
        .writeIntLE(state.parameters().values().length)
        .writeByte(state.moments().size());
    state.moments().keySet().forEach(name -> text(out, name));
    gathered(out, state.gathered());
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
          "the state has %s numbers but the shard's range has %s".formatted(size, expected));
    }
    if (version < 0 || steps < 0 || moments > MOST_MOMENTS) {
      throw WireException.malformed(
          "a state of version %s, %s steps, %s moments".formatted(version, steps, moments));
    }
    Map<String, float[]> vectors = new LinkedHashMap<>();
    List<String> names = new ArrayList<>();
    for (int i = 0; i < moments; i++) {
      names.add(readText(in));
    }
    Gathered gathered = readGathered(in);
    if (gathered == null) {
      throw WireException.malformed("a state without what was gathered");
    }
    names.forEach(name -> vectors.put(name, new float[size]));
    if (vectors.size() != moments) {
      throw WireException.malformed("two moments of a state have the same name");
    }
    return new StoreState(
        new ParameterSnapshot(version, new float[size]), steps, vectors, gathered);
  }

  static Vectors vectors(StoreState state) {
    List<FloatSlice> slices = new ArrayList<>();
    slices.add(FloatSlice.of(state.parameters().values()));
    state.moments().values().forEach(moment -> slices.add(FloatSlice.of(moment)));
    return new Vectors(slices, Codec.reading(CodecKind.FP32));
  }
}
