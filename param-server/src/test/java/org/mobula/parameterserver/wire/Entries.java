package org.mobula.parameterserver.wire;

import java.util.List;
import org.mobula.parameterserver.shard.Consistency;
import org.mobula.parameterserver.shard.Entry;
import org.mobula.parameterserver.shard.FloatSlice;
import org.mobula.parameterserver.shard.Lineage;
import org.mobula.parameterserver.shard.Member;
import org.mobula.parameterserver.shard.ShardState;

/** One entry of each kind. */
final class Entries {
  private Entries() {}

  static List<Entry> of(int size, ShardState state) {
    double[] sums = {1.5};
    List<Member> members = List.of(new Member(0, 7, 1, 1, true), new Member(3, 8, 2, 2, false));
    return List.of(
        entry(members, new Entry.Unchanged()),
        entry(members, new Entry.Step(FloatSlice.of(new float[size]), 0.1, 0.5, sums)),
        entry(members, new Entry.Whole(state.slice(), List.of(sums, new double[0]))));
  }

  private static Entry entry(List<Member> members, Entry.Change change) {
    return new Entry(
        new Entry.Sender(3, "127.0.0.1:7", 5, true),
        1,
        1,
        1,
        new Consistency.Synchronous(0),
        new Lineage(3, 0, null),
        members,
        change);
  }
}
