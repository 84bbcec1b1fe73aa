package org.mobula.parameterserver.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.concurrent.EventExecutor;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.mobula.core.random.Pcg64;
import org.mobula.parameterserver.codec.CodecConfig;
import org.mobula.parameterserver.shard.Caller;
import org.mobula.parameterserver.shard.Consistency;
import org.mobula.parameterserver.shard.FloatSlice;
import org.mobula.parameterserver.shard.Join;
import org.mobula.parameterserver.shard.Joined;
import org.mobula.parameterserver.shard.LayoutHash;
import org.mobula.parameterserver.shard.Promote;
import org.mobula.parameterserver.shard.Pull;
import org.mobula.parameterserver.shard.Push;
import org.mobula.parameterserver.shard.Refusal;
import org.mobula.parameterserver.shard.RefusedException;
import org.mobula.parameterserver.shard.Release;
import org.mobula.parameterserver.shard.Restore;
import org.mobula.parameterserver.shard.Ruling;
import org.mobula.parameterserver.shard.Shard;
import org.mobula.parameterserver.shard.ShardState;
import org.mobula.parameterserver.shard.SliceReader;

/** Frames that a good client sent, changed in every way, against a server that must not mind. */
class FuzzTest {
  private static final int SIZE = 70;
  private static final String TOKEN = "token";
  private static final int ID_AT = 16;
  private static final int SEQUENCE_AT = 32;

  private static final ListenConfig CONFIG =
      ListenConfig.defaults().withToken(TOKEN).withTimes(Wires.QUICK);

  @Test
  void aHundredThousandMutatedFrames() throws Exception {
    Transport transport = Transport.open();
    Pcg64 random = new Pcg64(20);
    List<byte[]> recorded = record(transport);
    Shard shard = Wires.primary(SIZE);
    // One that is in use: a new one would make way for the primary of a later epoch.
    shard.join(new Join(0, 7, LayoutHash.of(shard.setup().layout()), 0, SIZE)).join();
    Push first = new Push(new Caller(0, 7, 0), 1, 0, 0.1);
    shard.pushPull(first, FloatSlice.of(new float[SIZE]), SliceReader.NONE).join();
    ShardServer server = ShardServer.start(transport, Wires.ANY_PORT, List.of(shard), CONFIG);
    try {
      // In the thread of the shard's clock: an embedded channel takes every thread for its own, so
      // an answer that the clock brings would be written beside what is going on here.
      EventExecutor loop = transport.loops().next();
      for (int thousand = 0; thousand < 100; thousand++) {
        loop.submit(
                () -> {
                  for (int trial = 0; trial < 1000; trial++) {
                    feedEmbedded(transport, server, mutated(recorded, random), random);
                  }
                })
            .sync();
      }
      for (int trial = 0; trial < 3000; trial++) {
        feedSocket((Address.Tcp) server.address(), mutated(recorded, random));
      }
      assertThat(server.refusals())
          .containsKeys(
              Refusal.MALFORMED,
              Refusal.OVERSIZED,
              Refusal.REPLAYED,
              Refusal.WRONG_TOKEN,
              Refusal.WRONG_LAYOUT,
              Refusal.WRONG_PROTOCOL);
      assertThat(server.refusals().get(Refusal.MALFORMED)).isGreaterThan(10_000);
      aGoodClientIsServed(transport, server, shard);
    } finally {
      server.close();
      transport.close();
    }
    assertThat(transport.unreleasedBuffers()).isZero();
  }

  private static void aGoodClientIsServed(Transport transport, ShardServer server, Shard shard) {
    try (SocketShardLink link =
        Wires.get(
            SocketShardLink.connect(
                transport, server.address(), 0, Wires.config(SIZE).withToken(TOKEN)))) {
      Map<Refusal, Long> counts = Wires.get(link.status()).refusals();
      assertThat(counts.get(Refusal.MALFORMED)).isGreaterThan(10_000);
      Joined joined =
          Wires.get(link.join(new Join(1000, 5, LayoutHash.of(shard.setup().layout()), 0, SIZE)));
      Caller caller = new Caller(joined.worker(), 5, joined.epoch());
      Wires.get(link.setConsistency(caller, new Consistency.Asynchronous()));
      FloatSlice values = FloatSlice.of(new float[SIZE]);
      long version = Wires.get(link.pull(new Pull(caller, Pull.NOTHING), values)).version();
      Push push = new Push(caller, joined.clock() + 1, version, 0.1);
      assertThat(Wires.get(link.pushPull(push, FloatSlice.of(new float[SIZE]), values)).version())
          .isEqualTo(version + 1);
    }
  }

  /** A handshake and one request of each kind, as a good client sends them. */
  private static List<byte[]> record(Transport transport) throws IOException {
    Shard shard = Wires.primary(SIZE);
    List<byte[]> frames = new CopyOnWriteArrayList<>();
    try (ShardServer server = ShardServer.start(transport, Wires.ANY_PORT, List.of(shard), CONFIG);
        FaultProxy proxy =
            new FaultProxy(
                server.address(),
                (direction, kind, frame) -> {
                  if (direction == FaultProxy.Direction.TO_SERVER && kind != Kind.HEARTBEAT.id) {
                    frames.add(frame);
                  }
                  return FaultProxy.Fault.NONE;
                })) {
      for (String codec : new String[] {"fp32", "bf16", "int8", "top-k:0.2"}) {
        try (SocketShardLink link =
            Wires.get(
                SocketShardLink.connect(
                    transport,
                    proxy.address(),
                    0,
                    Wires.config(SIZE)
                        .withToken(TOKEN)
                        .withCodecs(CodecConfig.parse(codec), CodecConfig.parse("bf16"))))) {
          story(link, shard);
        }
      }
    }
    return new ArrayList<>(frames);
  }

  private static void story(SocketShardLink link, Shard shard) {
    Joined joined =
        Wires.get(link.join(new Join(0, 7, LayoutHash.of(shard.setup().layout()), 0, SIZE)));
    Caller caller = new Caller(0, 7, joined.epoch());
    float[] gradient = new float[SIZE];
    Arrays.fill(gradient, 0.5f);
    gradient[3] = 0;
    Push push = new Push(caller, joined.clock() + 1, 0, 0.1);
    FloatSlice values = FloatSlice.of(new float[SIZE]);
    Wires.get(link.pushPull(push, FloatSlice.of(gradient), values));
    Wires.get(link.push(push, FloatSlice.of(gradient)));
    Wires.get(link.pull(new Pull(caller, Pull.NOTHING), values));
    Wires.get(link.clock(caller));
    ShardState state = Wires.get(link.snapshot(caller, 0));
    Wires.get(link.status());
    Wires.get(link.setConsistency(caller, new Consistency.BoundedStaleness(3)));
    Wires.get(link.promote(new Promote(new Ruling(7, -1, 2 * joined.epoch() + 1, true), 0)));
    Wires.get(link.release(new Release(new Ruling(7, 0, 2 * joined.epoch() + 2, false))));
    Wires.get(link.restore(new Restore(caller, state.slice(), 0)));
    // Wanted for their frames; a primary that follows nobody refuses them.
    Entries.of(SIZE, state)
        .forEach(
            entry -> {
              try {
                Wires.get(link.replicate(entry));
              } catch (RefusedException e) {
                assertThat(e.refusal()).isEqualTo(Refusal.FENCED);
              }
            });
    Wires.get(link.leave(new Caller(0, 7, joined.epoch() + 1), ""));
  }

  // Mutations.

  /** A handshake and some requests, numbered as if they had been sent so, then changed. */
  private static byte[] mutated(List<byte[]> recorded, Pcg64 random) {
    List<byte[]> frames = new ArrayList<>();
    frames.add(recorded.get(0).clone());
    int requests = 1 + random.nextInt(3);
    while (frames.size() <= requests) {
      byte[] frame = recorded.get(random.nextInt(recorded.size())).clone();
      if (frame[9] != Kind.HELLO.id) {
        ByteBuffer header = ByteBuffer.wrap(frame).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(ID_AT, frames.size() + 1).putInt(SEQUENCE_AT, frames.size());
        frames.add(frame);
      }
    }
    int at = random.nextInt(4) == 0 ? 0 : 1 + random.nextInt(requests);
    byte[] frame = frames.get(at);
    ByteBuffer header = ByteBuffer.wrap(frame).order(ByteOrder.LITTLE_ENDIAN);
    switch (random.nextInt(9)) {
      case 0 -> { // some bits
        for (int i = 1 + random.nextInt(4); i > 0; i--) {
          frame[random.nextInt(frame.length)] ^= (byte) (1 << random.nextInt(8));
        }
      }
      case 1 -> { // some bytes behind the header
        for (int i = 1 + random.nextInt(8); i > 0 && frame.length > Header.BYTES; i--) {
          frame[Header.BYTES + random.nextInt(frame.length - Header.BYTES)] =
              (byte) random.nextInt();
        }
      }
      case 2 -> header.putInt(0, random.nextInt()); // any length
      case 3 -> header.putInt(0, frame.length + random.nextInt(9) - 4);
      case 4 -> frames.set(at, Arrays.copyOf(frame, random.nextInt(frame.length))); // cut off
      case 5 -> frames.add(at, frame); // twice
      case 6 -> { // an extreme number
        long[] extremes = {0, -1, Long.MAX_VALUE, Long.MIN_VALUE, Integer.MAX_VALUE, 1L << 31};
        int place = random.nextInt(frame.length - Long.BYTES);
        header.putLong(place, extremes[random.nextInt(extremes.length)]);
      }
      case 7 -> { // with the right length, shorter or longer
        byte[] other = Arrays.copyOf(frame, Header.BYTES + random.nextInt(2 * frame.length));
        ByteBuffer.wrap(other).order(ByteOrder.LITTLE_ENDIAN).putInt(0, other.length);
        frames.set(at, other);
      }
      default -> frames.add(at, random(random)); // noise
    }
    int length = frames.stream().mapToInt(each -> each.length).sum();
    ByteBuffer all = ByteBuffer.allocate(length);
    frames.forEach(all::put);
    return all.array();
  }

  private static byte[] random(Pcg64 random) {
    byte[] bytes = new byte[1 + random.nextInt(200)];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) random.nextInt();
    }
    return bytes;
  }

  private static void feedEmbedded(
      Transport transport, ShardServer server, byte[] bytes, Pcg64 random) {
    EmbeddedChannel channel = new EmbeddedChannel();
    channel.config().setAllocator(transport.allocator());
    channel.pipeline().addLast(new ServerConnection(server, channel));
    for (int at = 0; at < bytes.length && channel.isOpen(); ) {
      int length = Math.min(bytes.length - at, 1 + random.nextInt(400));
      channel.writeInbound(
          transport.allocator().directBuffer(length).writeBytes(bytes, at, length));
      at += length;
    }
    channel.runPendingTasks();
    for (Object out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
      ((ByteBuf) out).release();
    }
    channel.finishAndReleaseAll();
  }

  /** Sends all, and reads until the server ends the connection or has answered enough. */
  private static void feedSocket(Address.Tcp address, byte[] bytes) throws IOException {
    try (Socket socket = new Socket(address.host(), address.port())) {
      socket.getOutputStream().write(bytes);
      socket.shutdownOutput();
      InputStream in = socket.getInputStream();
      byte[] sink = new byte[4096];
      while (in.read(sink) >= 0) {
        // the server ends it
      }
    } catch (java.net.SocketException e) {
      // Reset while there was still something to send: that is an end too.
    }
  }
}
