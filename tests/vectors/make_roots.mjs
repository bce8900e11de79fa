// Makes roots.json: documents as other people's editors share them, under their own root names.
//
// In a folder with yjs@13.6, @blocknote/core@0.55, prosemirror-schema-basic, -schema-list, -model,
// y-prosemirror@1.3, lexical@0.38, @lexical/yjs, /headless, /rich-text, /list, /code, /link and
// jsdom installed:
//   cp tests/vectors/make_roots.mjs . && node make_roots.mjs > .../tests/vectors/roots.json
//
// Each case has the whole state as one update in base64, and what its author would expect of it.
import { JSDOM } from 'jsdom'

const { window } = new JSDOM('<!doctype html><body></body>')
const browser =
  'window document navigator MutationObserver Node Element HTMLElement DOMParser getComputedStyle innerHeight innerWidth'
for (const name of browser.split(' '))
  Object.defineProperty(globalThis, name, { value: window[name], configurable: true })
globalThis.requestAnimationFrame = (callback) => setTimeout(callback, 0)
globalThis.cancelAnimationFrame = clearTimeout

const Y = await import('yjs')
const cases = []

function add(name, fill, expected = {}) {
  const doc = new Y.Doc()
  doc.clientID = 1
  doc.transact(() => fill(doc))
  cases.push({
    name,
    update: Buffer.from(Y.encodeStateAsUpdate(doc)).toString('base64'),
    ...expected,
  })
}

// --- texts -----------------------------------------------------------------------------------
add('codemirror', (doc) => doc.getText('codemirror').insert(0, 'let é = "😀"\n'))
add('monaco', (doc) => doc.getText('monaco').insert(0, 'é\r\n😀\n'))

// What y-quill hands to Yjs is Quill's own delta.
const delta = [
  { insert: 'Café 😀' },
  { insert: '\n', attributes: { header: 1 } },
  { insert: 'plain ' },
  { insert: 'bold', attributes: { bold: true } },
  { insert: ' and ' },
  { insert: 'linked', attributes: { italic: true, link: 'https://example.org/é' } },
  { insert: { image: 'https://example.org/é.png' } },
  { insert: '\none' },
  { insert: '\n', attributes: { list: 'bullet' } },
  { insert: 'two' },
  { insert: '\n', attributes: { list: 'bullet', indent: 1 } },
  { insert: 'first' },
  { insert: '\n', attributes: { list: 'ordered' } },
  { insert: 'done' },
  { insert: '\n', attributes: { list: 'checked' } },
  { insert: 'open' },
  { insert: '\n', attributes: { list: 'unchecked' } },
  { insert: 'said' },
  { insert: '\n', attributes: { blockquote: true } },
  { insert: 'if a < b:' },
  { insert: '\n', attributes: { 'code-block': 'python' } },
  { insert: '    pass' },
  { insert: '\n', attributes: { 'code-block': 'python' } },
  { insert: 'H' },
  { insert: '2', attributes: { script: 'sub' } },
  { insert: 'O, centred' },
  { insert: '\n', attributes: { align: 'center' } },
]
add('quill', (doc) => doc.getText('quill').applyDelta(delta), { delta: (() => {
  const doc = new Y.Doc()
  doc.getText('quill').applyDelta(delta)
  return doc.getText('quill').toDelta()
})() })

// --- maps and arrays -------------------------------------------------------------------------
const drawing = (doc) => {
  const shapes = doc.getArray('shapes')
  for (const [x, kind] of [[1, 'rectangle'], [2.5, 'ellipse']])
    shapes.push([new Y.Map(Object.entries({ kind, x, points: [0, 1, [2, null]], label: new Y.Text('é😀') }))])
  const meta = doc.getMap('meta')
  meta.set('title', 'Café 😀')
  meta.set('tags', Y.Array.from(['a', 1, true, null]))
  meta.set('nested', new Y.Map([['deep', new Y.Map([['er', 1]])]]))
}
const jsonOf = (fill, ...names) => {
  const doc = new Y.Doc()
  fill(doc)
  return Object.fromEntries(
    names.map(([name, type]) => [name, doc[type](name).toJSON()]),
  )
}
add('drawing', drawing, { values: jsonOf(drawing, ['shapes', 'getArray'], ['meta', 'getMap']) })
add('odd values', (doc) => {
  const odd = doc.getMap('odd')
  odd.set('nan', NaN)
  odd.set('infinity', -Infinity)
  odd.set('undefined', undefined)
  odd.set('big', 2n ** 62n)
  odd.set('large', 2 ** 60)
  odd.set('binary', new Uint8Array([0, 128, 255]))
  odd.set('inside', { list: [NaN, undefined, new Uint8Array([1])] })
  odd.set('negative zero', -0)
  odd.set('</script>\u2028\u0000', '</script>\u2028\u0000')
})
add('text beside a map, an array and rich text', (doc) => {
  doc.getText('codemirror').insert(0, 'é')
  doc.getMap('meta').set('language', 'python')
  doc.getArray('tags').push(['a', 'b'])
  const paragraph = new Y.XmlElement('paragraph')
  doc.getXmlFragment('notes').insert(0, [paragraph])
  paragraph.insert(0, [new Y.XmlText('é😀')])
  doc.getText('emptied').insert(0, 'x')
  doc.getText('emptied').delete(0, 1)
})
add('array of fragments', (doc) => {
  const fragment = new Y.XmlFragment()
  doc.getArray('pages').push([fragment])
  fragment.insert(0, [new Y.XmlElement('paragraph')])
})

// --- ProseMirror's own schema ----------------------------------------------------------------
{
  const { prosemirrorJSONToYXmlFragment } = await import('y-prosemirror')
  const { Schema } = await import('prosemirror-model')
  const { schema: basic } = await import('prosemirror-schema-basic')
  const { addListNodes } = await import('prosemirror-schema-list')
  const schema = new Schema({
    nodes: addListNodes(basic.spec.nodes, 'paragraph block*', 'block'),
    marks: basic.spec.marks,
  })
  const node = (type, ...content) => ({ type, content })
  const text = (value, ...marks) => ({ type: 'text', text: value, marks: marks.map((type) => ({ type })) })
  const p = (...content) => node('paragraph', ...content)
  const json = node(
    'doc',
    { ...node('heading', text('Café 😀')), attrs: { level: 2 } },
    p(text('a ', 'strong'), text('b', 'em'), { type: 'hard_break' }, text('c', 'code')),
    node('bullet_list', node('list_item', p(text('one')), { ...node('ordered_list', node('list_item', p(text('two')))), attrs: { order: 3 } })),
    node('code_block', text('x = 1')),
    { type: 'horizontal_rule' },
    node('blockquote', p(text('said'))),
  )
  add('prosemirror', (doc) => prosemirrorJSONToYXmlFragment(schema, json, doc.getXmlFragment('prosemirror')))
}

// --- BlockNote -------------------------------------------------------------------------------
{
  const { BlockNoteEditor } = await import('@blocknote/core')
  const { blocksToYXmlFragment } = await import('@blocknote/core/yjs')
  const editor = BlockNoteEditor.create()
  const blocks = [
    { type: 'heading', props: { level: 2 }, content: 'Café 😀' },
    { type: 'paragraph', content: [{ type: 'text', text: 'plain ', styles: {} }, { type: 'text', text: 'bold', styles: { bold: true } },
      { type: 'text', text: ' red', styles: { textColor: 'red', backgroundColor: 'yellow' } },
      { type: 'link', href: 'https://example.org/é', content: 'link' }] },
    { type: 'bulletListItem', content: 'one', children: [
      { type: 'bulletListItem', content: 'nested', children: [{ type: 'numberedListItem', content: 'deep' }] },
      { type: 'paragraph', content: 'and a paragraph' },
    ] },
    { type: 'bulletListItem', content: 'two' },
    { type: 'numberedListItem', props: { start: 3 }, content: 'third' },
    { type: 'numberedListItem', content: 'fourth' },
    { type: 'checkListItem', props: { checked: true }, content: 'done' },
    { type: 'checkListItem', content: 'open' },
    { type: 'quote', content: 'said' },
    { type: 'codeBlock', props: { language: 'python' }, content: 'if a < b:\n    pass' },
    { type: 'image', props: { url: 'https://example.org/é.png', caption: 'an é' } },
    { type: 'file', props: { url: 'https://example.org/é.pdf', name: 'é.pdf' } },
    { type: 'divider' },
    { type: 'table', content: { type: 'tableContent', headerRows: 1, rows: [{ cells: ['a', 'b'] }, { cells: ['1', '2'] }] } },
    { type: 'paragraph', content: 'parent', children: [{ type: 'paragraph', content: 'child' }] },
    { type: 'paragraph' },
  ]
  add('blocknote', (doc) => {
    blocksToYXmlFragment(editor, blocks, doc.getXmlFragment('document-store'))
  })
}

// --- Lexical ---------------------------------------------------------------------------------
{
  const lexical = await import('lexical')
  const { createHeadlessEditor } = await import('@lexical/headless')
  const { HeadingNode, QuoteNode, $createHeadingNode, $createQuoteNode } = await import('@lexical/rich-text')
  const { ListNode, ListItemNode, $createListNode, $createListItemNode } = await import('@lexical/list')
  const { CodeNode, CodeHighlightNode, $createCodeNode } = await import('@lexical/code')
  const { LinkNode, $createLinkNode } = await import('@lexical/link')
  const { createBinding, syncLexicalUpdateToYjs } = await import('@lexical/yjs')
  const { $getRoot, $createParagraphNode, $createTextNode, $createLineBreakNode, $createTabNode } = lexical
  const editor = createHeadlessEditor({
    nodes: [HeadingNode, QuoteNode, ListNode, ListItemNode, CodeNode, CodeHighlightNode, LinkNode],
    onError: (error) => { throw error },
  })
  const doc = new Y.Doc()
  doc.clientID = 1
  const never = () => {}
  const provider = { awareness: { getLocalState: () => null, getStates: () => new Map(), on: never, off: never, setLocalState: never, setLocalStateField: never }, on: never, off: never, connect: never, disconnect: never }
  const binding = createBinding(editor, provider, 'root', doc, new Map([['root', doc]]))
  editor.registerUpdateListener(({ prevEditorState, editorState, dirtyLeaves, dirtyElements, normalizedNodes, tags }) =>
    syncLexicalUpdateToYjs(binding, provider, prevEditorState, editorState, dirtyElements, dirtyLeaves, normalizedNodes, tags))
  const item = (...children) => $createListItemNode().append(...children)
  editor.update(() => {
    $getRoot().clear().append(
      $createHeadingNode('h2').append($createTextNode('Café 😀')),
      $createParagraphNode().append(
        $createTextNode('plain '), $createTextNode('bold').setFormat(1), $createTextNode(' both').setFormat(3),
        $createLineBreakNode(), $createLinkNode('https://example.org/é').append($createTextNode('link')),
      ),
      $createListNode('bullet').append(
        item($createTextNode('one')),
        item($createListNode('number', 3).append(item($createTextNode('nested')))),
        item($createTextNode('two')),
      ),
      $createListNode('check').append($createListItemNode(true).append($createTextNode('done')), $createListItemNode(false).append($createTextNode('open'))),
      $createQuoteNode().append($createTextNode('said')),
      $createCodeNode('python').append($createTextNode('if a < b:'), $createLineBreakNode(), $createTabNode(), $createTextNode('pass')),
      $createParagraphNode(),
    )
  }, { discrete: true })
  await new Promise((resolve) => setTimeout(resolve, 20))
  cases.push({ name: 'lexical', update: Buffer.from(Y.encodeStateAsUpdate(doc)).toString('base64') })
}

// --- Slate -----------------------------------------------------------------------------------
add('slate', (doc) => {
  // As @slate-yjs/core: an XmlText whose children are embedded XmlTexts with attributes.
  const content = doc.get('content', Y.XmlText)
  for (const [type, pieces] of [['heading-one', [{ insert: 'Café 😀' }]], ['paragraph', [{ insert: 'plain ' }, { insert: 'bold', attributes: { bold: true } }]]]) {
    const element = new Y.XmlText()
    content.insertEmbed(content.length, element)
    element.setAttribute('type', type)
    element.applyDelta(pieces)
  }
})

console.log(`[\n${cases.map((one) => JSON.stringify(one)).join(',\n')}\n]`)
process.exit(0)
