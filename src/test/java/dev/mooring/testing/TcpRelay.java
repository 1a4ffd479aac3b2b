package dev.mooring.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Stands between clients and a server on loopback, and can lose what the server says to some of the clients while it
 * still passes on what they say. Thread-safe; the threads end with {@link #close}.
 */
public final class TcpRelay implements AutoCloseable {

    private static final int BUFFER = 1 << 13;

    /** One client's connection and the one to the server that belongs to it. */
    private static final class Pair {
        private final Socket client;
        private final Socket server;
        private volatile boolean deaf;

        Pair(Socket client, Socket server) {
            this.client = client;
            this.server = server;
        }

        void cut() {
            for (Socket socket : List.of(client, server)) {
                try {
                    socket.close();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }

    private final ServerSocket listener;
    private final int serverPort;
    private volatile boolean cut;
    private final List<Pair> pairs = new CopyOnWriteArrayList<>();

    private TcpRelay(ServerSocket listener, int serverPort) {
        this.listener = listener;
        this.serverPort = serverPort;
    }

    /** Starts to listen on a free port of 127.0.0.1, for a server on another. */
    public static TcpRelay to(int serverPort) {
        try {
            var listener = new ServerSocket();
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            var relay = new TcpRelay(listener, serverPort);
            run("relay-accept", relay::accept);
            return relay;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where clients find it. */
    public String address() {
        return "127.0.0.1:" + listener.getLocalPort();
    }

    /** How many connections were made so far. */
    public int connections() {
        return pairs.size();
    }

    /** From now on, the clients of the connections from this one on hear nothing more. */
    public void deafen(int from) {
        pairs.subList(from, pairs.size()).forEach(pair -> pair.deaf = true);
    }

    /** Breaks all connections, and lets no new one come about until {@link #mend}. */
    public void cut() {
        cut = true;
        pairs.forEach(Pair::cut);
    }

    /** Ends what {@link #cut} began. */
    public void mend() {
        cut = false;
    }

    @Override
    public void close() {
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            pairs.forEach(Pair::cut);
        }
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                connect(listener.accept());
            } catch (IOException e) {
                if (!listener.isClosed()) {
                    throw new UncheckedIOException(e);
                }
            }
        }
    }

    private void connect(Socket client) throws IOException {
        try {
            if (cut) {
                client.close();
                return;
            }
            var pair = new Pair(client, new Socket(InetAddress.getLoopbackAddress(), serverPort));
            pairs.add(pair);
            run("relay-out", () -> pump(pair, false));
            run("relay-back", () -> pump(pair, true));
        } catch (ConnectException e) {
            // The server is not there: the client sees a closed connection.
            client.close();
        }
    }

    private static void pump(Pair pair, boolean back) {
        byte[] buffer = new byte[BUFFER];
        try {
            InputStream in = (back ? pair.server : pair.client).getInputStream();
            OutputStream out = (back ? pair.client : pair.server).getOutputStream();
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                if (!back || !pair.deaf) {
                    out.write(buffer, 0, read);
                }
            }
        } catch (IOException e) {
            // Either side has closed, so the other one does.
            pair.cut();
            return;
        }
        pair.cut();
    }

    private static void run(String name, Runnable task) {
        var thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
    }
}
