package org.mobula.serve.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A client that sends the bytes it is told to, however wrong they are. */
public final class RawClient implements AutoCloseable {
  /** Against a test that hangs; no test waits for it. */
  private static final int GIVE_UP_MS = 30_000;

  private final Socket socket;
  private final InputStream in;

  /** Connects. */
  public RawClient(InetSocketAddress server) throws IOException {
    this(new Socket(), server);
  }

  RawClient(Socket socket, InetSocketAddress server) throws IOException {
    this.socket = socket;
    socket.connect(server, GIVE_UP_MS);
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(GIVE_UP_MS);
    in = new BufferedInputStream(socket.getInputStream());
  }

  /** Already connected. */
  RawClient(Socket socket) throws IOException {
    this.socket = socket;
    socket.setSoTimeout(GIVE_UP_MS);
    in = new BufferedInputStream(socket.getInputStream());
  }

  /** One answer, with header names in lower case, and its body a character a byte. */
  public record Answer(int status, Map<String, String> headers, String latin) {
    public String body() {
      return new String(bytes(), UTF_8);
    }

    byte[] bytes() {
      return latin.getBytes(ISO_8859_1);
    }

    public @Nullable String header(String name) {
      return headers.get(name);
    }
  }

  public static String post(String path, String body) {
    return "POST "
        + path
        + " HTTP/1.1\r\nhost: test\r\ncontent-length: "
        + body.getBytes(UTF_8).length
        + "\r\n\r\n"
        + body;
  }

  public static String get(String path, String... headers) {
    StringBuilder text = new StringBuilder("GET " + path + " HTTP/1.1\r\nhost: test\r\n");
    for (String header : headers) {
      text.append(header).append("\r\n");
    }
    return text.append("\r\n").toString();
  }

  /** Sends nothing more, but still reads. */
  public RawClient endOutput() throws IOException {
    socket.shutdownOutput();
    return this;
  }

  public RawClient send(String text) throws IOException {
    return send(text.getBytes(UTF_8));
  }

  RawClient send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    return this;
  }

  /** The next answer, whatever was asked but {@code HEAD}. */
  public Answer read() throws IOException {
    return read(true);
  }

  /** The next answer's head, to a {@code HEAD}. */
  Answer readHead() throws IOException {
    return read(false);
  }

  private Answer read(boolean withBody) throws IOException {
    String[] first = line().split(" ", 3);
    if (!first[0].equals("HTTP/1.1")) {
      throw new IOException("not an answer: " + String.join(" ", first));
    }
    int status = Integer.parseInt(first[1]);
    Map<String, String> headers = new LinkedHashMap<>();
    for (String line = line(); !line.isEmpty(); line = line()) {
      int colon = line.indexOf(": ");
      headers.put(line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 2));
    }
    int length = Integer.parseInt(headers.getOrDefault("content-length", "0"));
    byte[] body = withBody ? in.readNBytes(length) : new byte[0];
    return new Answer(status, headers, new String(body, ISO_8859_1));
  }

  /** The next line, without its end. */
  String line() throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0) {
        throw new EOFException("closed after '" + line + "'");
      }
      line.append((char) c);
    }
    if (line.length() == 0 || line.charAt(line.length() - 1) != '\r') {
      throw new IOException("line without CR: " + line);
    }
    return line.substring(0, line.length() - 1);
  }

  /** The next bytes, fewer only if the server closes. */
  byte[] bytes(int length) throws IOException {
    return in.readNBytes(length);
  }

  /** What comes until the server closes. */
  String readToEnd() throws IOException {
    return new String(in.readAllBytes(), ISO_8859_1);
  }

  /** Waits for the server to close without another byte; a reset is a close too. */
  boolean isClosedByServer() throws IOException {
    try {
      return in.read() < 0;
    } catch (SocketException e) {
      return true;
    }
  }

  Socket socket() {
    return socket;
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
