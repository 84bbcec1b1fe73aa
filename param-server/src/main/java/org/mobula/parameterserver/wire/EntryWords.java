package org.mobula.parameterserver.wire;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.function.Supplier;
import org.mobula.core.parameters.Gathered;
import org.mobula.core.parameters.StoreState;
import org.mobula.parameterserver.codec.Codec;
import org.mobula.parameterserver.codec.CodecKind;
import org.mobula.parameterserver.shard.Consistency;
import org.mobula.parameterserver.shard.Entry;
import org.mobula.parameterserver.shard.FloatSlice;
import org.mobula.parameterserver.shard.Lineage;
import org.mobula.parameterserver.shard.Member;
import org.mobula.parameterserver.shard.Refusal;

/** A primary's entry as words, which its vectors follow; the reader mirrors the writer. */
final class EntryWords {
  private static final int UNCHANGED = 0;
  private static final int STEP = 1;
  private static final int WHOLE = 2;

  private EntryWords() {}

  static void write(ByteBuf out, Entry entry) {
    Entry.Sender sender = entry.sender();
    out.writeLongLE(sender.start());
    Words.text(out, sender.address());
    out.writeLongLE(sender.arbiter()).writeByte(sender.binding() ? 1 : 0);
    out.writeLongLE(entry.sequence()).writeLongLE(entry.version());
    Words.consistency(out, entry.consistency());
    Lineage lineage = entry.lineage();
    out.writeByte(lineage == null ? 0 : 1);
    if (lineage != null) {
      Words.lineage(out, lineage);
    }
    Words.members(out, entry.members());
    if (entry.change() instanceof Entry.Step step) {
      out.writeByte(STEP)
          .writeDoubleLE(step.learningRate())
          .writeShortLE(step.network())
          .writeDoubleLE(step.clipCoefficient());
      Words.sums(out, step.blockSums());
      Words.gathered(out, step.gathered());
      out.writeIntLE(step.gradient().length());
    } else if (entry.change() instanceof Entry.Whole whole) {
      out.writeByte(WHOLE);
      Words.state(out, whole.slice());
      memberSums(out, whole.blockSums());
    } else {
      out.writeByte(UNCHANGED);
    }
  }

  /**
   * The entry with arrays to be filled.
   *
   * @param size numbers that the shard's range has
   * @param array one of that length, for a gradient
   */
  static Entry read(ByteBuf in, long epoch, int size, Supplier<float[]> array) {
    Entry.Sender sender =
        new Entry.Sender(in.readLongLE(), Words.readText(in), in.readLongLE(), Words.readFlag(in));
    long sequence = in.readLongLE();
    long version = in.readLongLE();
    Consistency consistency = Words.readConsistency(in);
    Lineage lineage = Words.readFlag(in) ? Words.readLineage(in) : null;
    List<Member> members = Words.readMembers(in);
    Entry.Change change = readChange(in, members.size(), size, array);
    return new Entry(sender, epoch, sequence, version, consistency, lineage, members, change);
  }

  private static Entry.Change readChange(
      ByteBuf in, int members, int size, Supplier<float[]> array) {
    int kind = in.readUnsignedByte();
    switch (kind) {
      case UNCHANGED -> {
        return new Entry.Unchanged();
      }
      case STEP -> {
        double learningRate = in.readDoubleLE();
        int network = in.readUnsignedShortLE();
        double clipCoefficient = in.readDoubleLE();
        double[] sums = Words.readSums(in);
        Gathered gathered = Words.readGathered(in);
        int count = in.readIntLE();
        if (count != size) {
          throw new WireException(
              Refusal.WRONG_LENGTH,
              "an entry has %s numbers but the shard's range has %s".formatted(count, size));
        }
        return new Entry.Step(
            FloatSlice.of(array.get()), learningRate, network, clipCoefficient, sums, gathered);
      }
      case WHOLE -> {
        StoreState state = Words.readState(in, size);
        return new Entry.Whole(state, readMemberSums(in, members));
      }
      default -> throw Words.impossible("a change", kind);
    }
  }

  /** What follows the words, or belongs into the arrays of an entry that was read. */
  static Vectors vectors(Entry entry) {
    if (entry.change() instanceof Entry.Step step) {
      return Vectors.of(step.gradient(), Codec.reading(CodecKind.FP32));
    }
    return entry.change() instanceof Entry.Whole whole
        ? Words.vectors(whole.slice())
        : Vectors.NONE;
  }

  /** Workers of one round have the same sums, which travel once. */
  private static void memberSums(ByteBuf out, List<double[]> sums) {
    IdentityHashMap<double[], Integer> places = new IdentityHashMap<>();
    List<double[]> distinct = new ArrayList<>();
    for (double[] each : sums) {
      if (places.putIfAbsent(each, distinct.size()) == null) {
        distinct.add(each);
      }
    }
    out.writeIntLE(distinct.size());
    distinct.forEach(each -> Words.sums(out, each));
    sums.forEach(each -> out.writeIntLE(places.getOrDefault(each, 0)));
  }

  private static List<double[]> readMemberSums(ByteBuf in, int members) {
    int count = in.readIntLE();
    if (count < 0 || count > members) {
      throw Words.impossible("the number of sums", count);
    }
    List<double[]> distinct = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      distinct.add(Words.readSums(in));
    }
    List<double[]> sums = new ArrayList<>(members);
    for (int i = 0; i < members; i++) {
      int place = in.readIntLE();
      if (place < 0 || place >= count) {
        throw Words.impossible("the place of a worker's sums", place);
      }
      sums.add(distinct.get(place));
    }
    return sums;
  }
}
