/**
 * Jetty's session SPI on top of the grid, and the live session that applications hold. The only package that implements
 * {@code org.eclipse.jetty.session}.
 *
 * <p>In which order to read:
 *
 * <ol>
 *   <li>{@code LiveSession}, what an application holds, over {@code StatefulSession}, Jetty's states of it. Its copy of
 *       the record is {@code LiveData} with {@code LiveAttributes}; what was set and is not stored yet, {@code Edits}.
 *       {@code Exchange} keeps copy and record in step; {@code Writes} stores what was changed, and {@code EndClaim}
 *       decides that the session ends.
 *   <li>What a session goes through has a class each: {@code Uses} (requests, messages, the deadline),
 *       {@code Residence} (comes to this node's memory and leaves it), {@code IdChange}, {@code Ending}; and what hangs
 *       on it: {@code Attachments}, {@code InPlaceChanges}.
 *   <li>{@code WebApplication}, what the sessions of one application share: {@code Cluster}, to call it;
 *       {@code LiveSessions}, to find them, with what was {@code Heard}; {@code AttributeCodec} and
 *       {@code AttributeRules}.
 *   <li>Who looks after them: {@code Loads}, {@code Notices}, {@code UseReports}, {@code Evictions}, {@code Expiries},
 *       {@code LeftOvers}, by the clock of {@code Deadlines}.
 *   <li>What Jetty calls: {@code LiveSessionCache}, its SPI; around each request {@code SessionRequestHandler},
 *       {@code RequestScope} with what was {@code Touched}, and {@code CommitStream}, which stores before the response
 *       leaves. {@code GridSessionDataStore} is another view of the same records, for tools.
 * </ol>
 *
 * <p>Lock order: the turn of {@link dev.mooring.session.Exchange} first, Jetty's session lock after it; of several
 * turns, as in {@link dev.mooring.session.Expiries}, nobody ever waits for one while it has another. Neither is held
 * while another node's answer to a write is awaited, nor while a listener or an attribute's own code runs, except where
 * Jetty itself holds its lock: the listeners of the attributes at a session's end, and an attribute that is read for
 * the first time.
 *
 * <table>
 * <caption>Which thread calls what</caption>
 * <tr><th>thread</th><th>calls</th><th>may block</th></tr>
 * <tr><td>a request of Jetty's</td><td>{@code LiveSessionCache}, {@code LiveSession}, {@code SessionRequestHandler},
 *     {@code CommitStream}</td><td>yes</td></tr>
 * <tr><td>a WebSocket's callback, an application's own</td><td>{@code LiveSession}</td><td>yes</td></tr>
 * <tr><td>Hazelcast's</td><td>{@code Notices}, and from there {@code Heard}, {@code Uses.answer} and the hand-over of
 *     {@code Attachments}</td><td>no</td></tr>
 * <tr><td>{@code mooring-clock}</td><td>nothing but the alarms of {@code Uses}, and the hand-over in {@code Deadlines}
 *     and {@code Expiries}</td><td>no</td></tr>
 * <tr><td>the server's pool, handed to by the two above</td><td>{@code Ending}, {@code UseReports}, {@code Evictions},
 *     {@code Expiries}, {@code LeftOvers}, {@code Attachment.sessionEnded}</td><td>yes</td></tr>
 * </table>
 */
@NullMarked
package dev.mooring.session;

import org.jspecify.annotations.NullMarked;
