/**
 * Jetty's session SPI on top of the grid, and the live session that applications hold. The only package that implements
 * {@code org.eclipse.jetty.session}.
 *
 * <p>Lock order: the lock of {@link dev.mooring.session.Exchange} first, Jetty's session lock after it; of several exchanges, as
 * in {@link dev.mooring.session.Expiries}, nobody ever waits for one while it holds another. Neither is held while
 * another node's answer to a write is awaited, nor while a listener or an attribute's own code runs, except where Jetty itself
 * holds its lock: the listeners of the attributes at a session's end, and an attribute that is read for the first time.
 *
 * <table>
 * <caption>Which thread calls what</caption>
 * <tr><th>thread</th><th>calls</th><th>may block</th></tr>
 * <tr><td>a request of Jetty's</td><td>{@code LiveSessionCache}, {@code LiveSession}, {@code SessionRequestHandler},
 *     {@code CommitStream}</td><td>yes</td></tr>
 * <tr><td>a WebSocket's callback, an application's own</td><td>{@code LiveSession}</td><td>yes</td></tr>
 * <tr><td>Hazelcast's</td><td>{@code LiveSessionCache.heard}, and from there {@code Heard} and {@code Uses.last}</td><td>no</td></tr>
 * <tr><td>{@code mooring-clock}</td><td>nothing but the hand-over in {@code Deadlines} and {@code Expiries}</td><td>no</td></tr>
 * <tr><td>the server's pool, handed to by the two above</td><td>{@code LiveSession.expireIfDue}, {@code endedElsewhere}, the
 *     sweeps of {@code LiveSessionCache}, {@code Attachment.sessionEnded}</td><td>yes</td></tr>
 * </table>
 */
@NullMarked
package dev.mooring.session;

import org.jspecify.annotations.NullMarked;
