package org.mobula.parameterserver.wire;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.mobula.core.random.Pcg64;

/**
 * Stands between clients and a server and does to their frames what bad networks do. Each frame
 * goes through the plan; besides, one direction may be cut without a word, held up, or slowed down.
 */
public final class FaultProxy implements AutoCloseable {
  static final int KIND_AT = 9;
  private static final long DELAY_NANOS = 2_000_000;

  /** Which way a frame goes. */
  public enum Direction {
    TO_SERVER,
    TO_CLIENT
  }

  /** What becomes of a frame. */
  public enum Fault {
    NONE,
    DROP,
    DUPLICATE,
    /** Some milliseconds later. */
    DELAY,
    /** After the frame that follows it. */
    REORDER,
    /** Its first half, then the connection ends. */
    TRUNCATE,
    /** The connection ends instead. */
    DISCONNECT
  }

  /** Decides about each frame; called by several threads, one at a time. */
  @FunctionalInterface
  public interface Plan {
    /**
     * Decides.
     *
     * @param kind the frame's byte that says what it is, answers with their highest bit
     */
    Fault decide(Direction direction, int kind, byte[] frame);
  }

  private final Address.Tcp server;
  private final Plan plan;
  private final ServerSocket listener;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final Set<Direction> black = ConcurrentHashMap.newKeySet();
  private final Set<Direction> stalled = EnumSet.noneOf(Direction.class);
  private volatile long bytesPerSecond = Long.MAX_VALUE;
  private volatile boolean closed;

  /** Forwards to this server from a port of its own. */
  public FaultProxy(Address server, Plan plan) throws IOException {
    this.server = (Address.Tcp) server;
    this.plan = plan;
    listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    thread(this::accept);
  }

  /** Faults by chance, the same ones for the same seed and frames. */
  public static Plan random(long seed, Map<Fault, Double> chances) {
    Pcg64 random = new Pcg64(seed);
    return (direction, kind, frame) -> {
      double draw = random.nextDouble();
      for (Map.Entry<Fault, Double> chance : chances.entrySet()) {
        draw -= chance.getValue();
        if (draw < 0) {
          return chance.getKey();
        }
      }
      return Fault.NONE;
    };
  }

  /** Where clients connect. */
  public Address address() {
    return new Address.Tcp("127.0.0.1", listener.getLocalPort());
  }

  /** Lets nothing through any more this way, and keeps the connections; or lets it again. */
  public void blackhole(Direction direction, boolean cut) {
    if (cut) {
      black.add(direction);
    } else {
      black.remove(direction);
    }
  }

  /**
   * Takes nothing from the sender any more this way, as a receiver that stops reading; or takes
   * again. What is on its way fills the sockets' buffers, and then the sender has to wait.
   */
  public void stall(Direction direction, boolean stop) {
    synchronized (stalled) {
      if (stop) {
        stalled.add(direction);
      } else {
        stalled.remove(direction);
        stalled.notifyAll();
      }
    }
  }

  private void awaitFlow(Direction direction) throws IOException {
    synchronized (stalled) {
      while (stalled.contains(direction) && !closed) {
        try {
          stalled.wait();
        } catch (InterruptedException e) {
          throw new InterruptedIOException();
        }
      }
    }
  }

  /** No more bytes a second, each way. */
  public void throttle(long limit) {
    bytesPerSecond = limit;
  }

  /** Ends all connections. */
  public void disconnect() {
    sockets.forEach(FaultProxy::end);
  }

  private static void thread(Runnable action) {
    Thread thread = new Thread(action, "fault-proxy");
    thread.setDaemon(true);
    thread.start();
  }

  private void accept() {
    while (!closed) {
      try {
        Socket client = listener.accept();
        sockets.add(client);
        Socket onward = new Socket(server.host(), server.port());
        sockets.add(onward);
        client.setTcpNoDelay(true);
        onward.setTcpNoDelay(true);
        thread(() -> carry(Direction.TO_SERVER, client, onward));
        thread(() -> carry(Direction.TO_CLIENT, onward, client));
      } catch (IOException e) {
        // Closed, or the server does not listen: clients see it.
        disconnect();
      }
    }
  }

  private void carry(Direction direction, Socket from, Socket to) {
    try (from;
        to) {
      DataInputStream in = new DataInputStream(from.getInputStream());
      OutputStream out = to.getOutputStream();
      byte @Nullable [] held = null;
      while (true) {
        byte[] frame = read(in);
        awaitFlow(direction);
        Fault fault;
        synchronized (plan) {
          fault = plan.decide(direction, frame[KIND_AT] & 0xff, frame);
        }
        if (black.contains(direction) || fault == Fault.DROP) {
          continue;
        }
        if (fault == Fault.DISCONNECT) {
          return;
        } else if (fault == Fault.TRUNCATE) {
          out.write(frame, 0, frame.length / 2);
          return;
        } else if (fault == Fault.REORDER && held == null) {
          held = frame;
          continue;
        } else if (fault == Fault.DELAY) {
          LockSupport.parkNanos(DELAY_NANOS);
        }
        write(out, frame);
        if (fault == Fault.DUPLICATE) {
          write(out, frame);
        }
        if (held != null) {
          write(out, held);
          held = null;
        }
      }
    } catch (IOException e) {
      // One side is gone, and the other follows.
    } finally {
      sockets.remove(from);
      sockets.remove(to);
    }
  }

  private void write(OutputStream out, byte[] frame) throws IOException {
    long limit = bytesPerSecond;
    if (limit == Long.MAX_VALUE) {
      out.write(frame);
      return;
    }
    int piece = 1 << 14;
    for (int at = 0; at < frame.length; at += piece) {
      int length = Math.min(piece, frame.length - at);
      LockSupport.parkNanos(length * 1_000_000_000L / limit);
      out.write(frame, at, length);
    }
  }

  private static byte[] read(DataInputStream in) throws IOException {
    int length = Integer.reverseBytes(in.readInt());
    if (length < KIND_AT + 1 || length > Header.MOST_FRAME_BYTES) {
      throw new EOFException();
    }
    byte[] frame = new byte[length];
    for (int i = 0; i < Integer.BYTES; i++) {
      frame[i] = (byte) (length >>> (8 * i));
    }
    in.readFully(frame, Integer.BYTES, length - Integer.BYTES);
    return frame;
  }

  private static void end(Socket socket) {
    try {
      socket.close();
    } catch (SocketException e) {
      // It has ended already.
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    closed = true;
    stall(Direction.TO_SERVER, false);
    stall(Direction.TO_CLIENT, false);
    listener.close();
    disconnect();
  }
}
