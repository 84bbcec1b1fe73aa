package org.mobula.parameterserver.wire;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import org.mobula.parameterserver.codec.Codec;
import org.mobula.parameterserver.codec.CodecKind;
import org.mobula.parameterserver.shard.Entry;

/** A primary's entry as words, which its vectors follow. */
final class EntryWords {
  static final int UNCHANGED = 0;
  static final int STEP = 1;
  static final int WHOLE = 2;

  private EntryWords() {}

  static void write(ByteBuf out, Entry entry) {
    out.writeLongLE(entry.sequence()).writeLongLE(entry.version());
    Words.consistency(out, entry.consistency());
    Words.members(out, entry.members());
    if (entry.change() instanceof Entry.Step step) {
      out.writeByte(STEP).writeDoubleLE(step.learningRate()).writeDoubleLE(step.clipCoefficient());
      Words.sums(out, step.blockSums());
      out.writeIntLE(step.gradient().length());
    } else if (entry.change() instanceof Entry.Whole whole) {
      out.writeByte(WHOLE);
      Words.state(out, whole.slice());
      memberSums(out, whole.blockSums());
    } else {
      out.writeByte(UNCHANGED);
    }
  }

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

  static List<double[]> readMemberSums(ByteBuf in, int members) {
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
