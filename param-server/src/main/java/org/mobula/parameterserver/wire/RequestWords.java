package org.mobula.parameterserver.wire;

import io.netty.buffer.ByteBuf;
import org.mobula.core.parameters.StoreState;
import org.mobula.parameterserver.codec.CodecKind;
import org.mobula.parameterserver.shard.Agreement;
import org.mobula.parameterserver.shard.Caller;
import org.mobula.parameterserver.shard.Commit;
import org.mobula.parameterserver.shard.Join;
import org.mobula.parameterserver.shard.Promote;
import org.mobula.parameterserver.shard.Pull;
import org.mobula.parameterserver.shard.Push;
import org.mobula.parameterserver.shard.Release;
import org.mobula.parameterserver.shard.Restore;
import org.mobula.parameterserver.shard.Ruling;

/**
 * The words that requests begin with; each {@code read} mirrors its writer. A caller's epoch is in
 * the header. Codecs and numbers of floats come after these words.
 */
final class RequestWords {
  private RequestWords() {}

  static void caller(ByteBuf out, Caller caller) {
    out.writeIntLE(caller.worker()).writeLongLE(caller.session());
  }

  static Caller readCaller(ByteBuf in, long epoch) {
    return new Caller(in.readIntLE(), in.readLongLE(), epoch);
  }

  static void join(ByteBuf out, Join join) {
    out.writeIntLE(join.worker())
        .writeLongLE(join.session())
        .writeLongLE(join.layoutHash())
        .writeIntLE(join.from())
        .writeIntLE(join.to());
    Words.longText(out, join.agreement().text());
    Words.claim(out, join.claim());
    out.writeByte(join.takeOver() ? 1 : 0).writeLongLE(join.history());
  }

  static Join readJoin(ByteBuf in, long epoch) {
    return new Join(
        in.readIntLE(),
        in.readLongLE(),
        in.readLongLE(),
        in.readIntLE(),
        in.readIntLE(),
        new Agreement(Words.readLongText(in)),
        Words.readClaim(in),
        Words.readFlag(in),
        epoch,
        in.readLongLE());
  }

  static void push(ByteBuf out, Push push) {
    caller(out, push.caller());
    out.writeLongLE(push.clock())
        .writeLongLE(push.baseVersion())
        .writeDoubleLE(push.learningRate())
        .writeShortLE(push.network());
    Words.gathered(out, push.gathered());
  }

  static Push readPush(ByteBuf in, long epoch) {
    return new Push(
        readCaller(in, epoch),
        in.readLongLE(),
        in.readLongLE(),
        in.readDoubleLE(),
        in.readUnsignedShortLE(),
        Words.readGathered(in));
  }

  static void commit(ByteBuf out, Commit commit) {
    caller(out, commit.caller());
    out.writeLongLE(commit.clock()).writeDoubleLE(commit.norm());
  }

  static Commit readCommit(ByteBuf in, long epoch) {
    return new Commit(readCaller(in, epoch), in.readLongLE(), in.readDoubleLE());
  }

  static void pull(ByteBuf out, Pull pull) {
    caller(out, pull.caller());
    out.writeLongLE(pull.have());
  }

  static Pull readPull(ByteBuf in, long epoch) {
    return new Pull(readCaller(in, epoch), in.readLongLE());
  }

  static void snapshot(ByteBuf out, Caller caller, long version) {
    caller(out, caller);
    out.writeLongLE(version);
  }

  static void restore(ByteBuf out, Restore restore) {
    caller(out, restore.caller());
    out.writeLongLE(restore.lastKnownVersion()).writeLongLE(restore.history());
    Words.state(out, restore.slice());
  }

  /**
   * The request with arrays to be filled.
   *
   * @param expected numbers that the slice has
   */
  static Restore readRestore(ByteBuf in, long epoch, int expected) {
    Caller caller = readCaller(in, epoch);
    long lastKnownVersion = in.readLongLE();
    long history = in.readLongLE();
    StoreState slice = Words.readState(in, expected);
    return new Restore(caller, slice, lastKnownVersion, history);
  }

  static void share(ByteBuf out, SharedFloats.Name name, SharedFloats.Terms terms) {
    name.write(out);
    CodecKind gradients = terms.gradients();
    out.writeByte(gradients == null ? Words.NO_VALUES : gradients.id())
        .writeByte(terms.values().id());
  }

  static SharedFloats.Terms readTerms(ByteBuf in, int floats) {
    CodecKind gradients = Words.readCodec(in);
    CodecKind values = Words.readCodec(in);
    if (gradients == CodecKind.TOP_K || values == null || values == CodecKind.TOP_K) {
      throw WireException.malformed("memory is shared for " + gradients + " and " + values);
    }
    return new SharedFloats.Terms(floats, gradients, values);
  }

  static void promote(ByteBuf out, Promote promote) {
    ruling(out, promote.ruling());
    out.writeLongLE(promote.knownVersion());
  }

  static Promote readPromote(ByteBuf in) {
    return new Promote(readDecision(in), in.readLongLE());
  }

  static void release(ByteBuf out, Release release) {
    ruling(out, release.ruling());
  }

  static Release readRelease(ByteBuf in) {
    return new Release(readDecision(in));
  }

  private static void ruling(ByteBuf out, Ruling ruling) {
    out.writeLongLE(ruling.session())
        .writeLongLE(ruling.epoch())
        .writeLongLE(ruling.attempt())
        .writeByte(ruling.outranks() ? 1 : 0);
  }

  private static Ruling readDecision(ByteBuf in) {
    long session = in.readLongLE();
    long epoch = in.readLongLE();
    if (epoch < Ruling.ANY) {
      throw Words.impossible("the epoch of a ruling", epoch);
    }
    return new Ruling(session, epoch, in.readLongLE(), Words.readFlag(in));
  }
}
