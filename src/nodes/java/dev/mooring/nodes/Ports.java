package dev.mooring.nodes;

import java.io.IOException;
import java.net.BindException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;

/** TCP ports of the loopback address. Thread-safe; opens and closes sockets, and does not block otherwise. */
public final class Ports {

    /**
     * Below the range from which operating systems take the ports of outgoing connections: those would race with us.
     */
    private static final int LOWEST = 15_000;

    private static final int HIGHEST = 32_000;

    private static final int ATTEMPTS = 1_000;

    /** The UDP port of the same number is taken for each port that was found here, until this JVM ends. */
    private static final Set<DatagramSocket> FOUND = ConcurrentHashMap.newKeySet();

    private Ports() {}

    /**
     * Finds a random port on which nothing listens now, and which neither this JVM nor another one has found here
     * before: it takes seconds until a process listens on it.
     *
     * @throws IllegalStateException if no free port was found
     */
    public static int free() {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            int port = ThreadLocalRandom.current().nextInt(LOWEST, HIGHEST);
            if (isFree(port) && reserve(port)) {
                return port;
            }
        }
        throw new IllegalStateException("no free loopback port between " + LOWEST + " and " + HIGHEST);
    }

    private static boolean reserve(int port) {
        try {
            FOUND.add(new DatagramSocket(address(port)));
            return true;
        } catch (BindException taken) {
            return false;
        } catch (IOException failure) {
            throw new IllegalStateException("port " + port + " of 127.0.0.1: cannot be reserved", failure);
        }
    }

    private static InetSocketAddress address(int port) throws IOException {
        return new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), port);
    }

    /**
     * Whether a server could listen on this port of 127.0.0.1 now.
     *
     * @throws IllegalStateException if it cannot be found out
     */
    public static boolean isFree(int port) {
        try (var socket = new ServerSocket()) {
            // A connection of the last run in TIME_WAIT is no obstacle for a server, so it is none here.
            socket.setReuseAddress(true);
            socket.bind(address(port));
            return true;
        } catch (BindException taken) {
            return false;
        } catch (IOException failure) {
            throw new IllegalStateException("port " + port + " of 127.0.0.1: cannot be tried", failure);
        }
    }
}
